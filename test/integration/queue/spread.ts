export interface Spread {
  count: number
  p50: number
  p99: number
  max: number
}

const TENTH = 10
const tenths = (value: number) => Math.round(value * TENTH) / TENTH

/** Of durations in ms; all 0 of none. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => tenths(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0)
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}
