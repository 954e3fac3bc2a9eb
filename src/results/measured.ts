import type { Outcome } from '../contract/outcome.ts'
import type { Measured } from '../contract/result.ts'
import { roundMs, roundRatio } from './round.ts'
import { isWhole } from './verdict.ts'

/**
 * What a plan took one task at a time, against `total_ms`, the wall time of its parallel run. The same sum as
 * `sequential_time_ms`, of tasks that had no task of their own run beside them: waiting for permits and retrying, which
 * others cause, count in neither.
 * @param pass outcomes of the tasks one at a time; null when they did not run again
 * @param stopped why everything was ended, if it was
 */
export function measuredOf(
  pass: readonly Outcome[] | null,
  total_ms: number,
  stopped: 'cancelled' | 'run_timeout' | null,
): Measured {
  if (pass === null || !pass.every(isWhole)) {
    const reason = stopped ?? (pass === null ? 'run_not_whole' : 'pass_not_whole')
    return { sequential_time_ms: null, speedup_factor: null, complete: false, reason }
  }
  let sequential = 0
  for (const { latency_ms } of pass) sequential += latency_ms
  const speedup_factor = total_ms > 0 ? roundRatio(sequential / total_ms) : 0
  return { sequential_time_ms: roundMs(sequential), speedup_factor, complete: true, reason: null }
}
