import type { RetryQuestion } from './port.ts'

/** Whether to ask the same server again: the pause before it in ms, or null for no. */
export type RetryPolicy = (question: Omit<RetryQuestion, 'model'>) => number | null

export interface RetryOptions {
  /** Attempts on one server for one task. @default 3 */
  max_tries?: number
  /** Longest first pause in ms; it doubles with every further one. @default 100 */
  base_ms?: number
  /** @default 2000 */
  cap_ms?: number
  /** 0 to 1, for the jitter. @default Math.random */
  random?: () => number
}

/**
 * Asks again after transient failures only, as often as `max_tries` allows and as long as the pause ends within the
 * time left. A Retry-After is honoured as it is; else the pause is drawn from [half, whole] of an exponential back-off, so
 * that tasks which failed together do not come back together.
 */
export function createRetryPolicy(options: RetryOptions = {}): RetryPolicy {
  const { max_tries = 3, base_ms = 100, cap_ms = 2000, random = Math.random } = options
  return ({ failure, tries, remaining_ms }) => {
    if (!failure.transient || tries >= max_tries) return null
    const whole = Math.min(cap_ms, base_ms * 2 ** (tries - 1))
    const delay = failure.retry_after_ms ?? whole * (0.5 + random() / 2)
    return delay < remaining_ms ? delay : null
  }
}
