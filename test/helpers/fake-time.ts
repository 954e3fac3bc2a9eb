import { afterEach, beforeEach, vi } from 'vitest'

/** Every test of the file, or of the `describe` in which this is called, has timers and a clock that stand still. */
export function withFakeTime(): void {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })
}

/** Lets time go on until no timer is left, and gives what the work came to. */
export async function finish<T>(running: Promise<T>): Promise<T> {
  await vi.runAllTimersAsync()
  return running
}
