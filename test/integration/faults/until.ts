import { setTimeout } from 'node:timers/promises'

export const GRACE_MS = 1000

/** Looks every few milliseconds; rejects when it does not come true within `patience_ms`. */
export async function until(met: () => boolean | Promise<boolean>, what: string, patience_ms = GRACE_MS) {
  const end = performance.now() + patience_ms
  while (!(await met())) {
    if (performance.now() > end) throw new Error(`Not within ${patience_ms} ms: ${what}`)
    await setTimeout(2)
  }
}
