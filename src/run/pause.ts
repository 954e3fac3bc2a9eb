import type { CancelSignal } from '../contract/cancel.ts'

/** Waits `ms`, or less when cancelled. Never rejects: whoever waits looks at the signal afterwards. */
export function pause(ms: number, cancel: CancelSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      forget()
      resolve()
    }, ms)
    const forget = cancel.onCancel(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
