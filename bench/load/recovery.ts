import { quantile } from '../stats.ts'
import type { Hit } from './generator.ts'

const WINDOW_MS = 3000
const STEP_MS = 500

/** By window of three seconds: p99 latency of the requests that were due in it; a refused one never came to an end. */
function windows(hits: readonly Hit[], from: number, to: number): { at: number; p99: number }[] {
  const found: { at: number; p99: number }[] = []
  for (let at = from; at + WINDOW_MS <= to; at += STEP_MS) {
    const due = hits.filter((hit) => hit.at >= at && hit.at < at + WINDOW_MS)
    const times = due.map(({ status, latency_ms }) => (status === 200 ? latency_ms : Number.POSITIVE_INFINITY))
    found.push({ at, p99: quantile(times, 0.99) })
  }
  return found
}

/**
 * Seconds after an overload until requests fare as before it: the beginning of the first window whose p99 is no worse than
 * the worst window's before; infinite when there is none.
 */
export function recoverySeconds(
  hits: readonly Hit[],
  before: { from: number; to: number },
  after: { from: number; to: number },
): number {
  const usual = Math.max(...windows(hits, before.from, before.to).map(({ p99 }) => p99))
  const back = windows(hits, after.from, after.to).find(({ p99 }) => p99 <= usual)
  return back === undefined ? Number.POSITIVE_INFINITY : (back.at - after.from) / 1000
}
