const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const DELAYS_MS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR]
const JITTER = 0.2

/**
 * Milliseconds from an attempt that failed to the next one; null when it was the last. Up to a fifth longer than the
 * schedule says, so that what failed together does not come back together. `attempts` counts that one too.
 */
export function backoffMs(attempts: number, random: () => number = Math.random): number | null {
  const delay = DELAYS_MS[attempts - 1]
  return delay === undefined ? null : Math.round(delay * (1 + JITTER * random()))
}
