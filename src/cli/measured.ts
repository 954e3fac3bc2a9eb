import type { ExecuteResponse } from '../contract/result.ts'
import { count, ms, plural, ratio } from './numbers.ts'
import { printable } from './printable.ts'

/** Tokens as the servers reported them; says so where a server reported none, because nothing is estimated. */
function tokensOf({ results }: ExecuteResponse): string {
  const asked = results.filter(({ success }) => success)
  const told = asked.flatMap(({ tokens }) => (tokens === null ? [] : [tokens]))
  const read = asked.flatMap(({ prompt_tokens }) => (prompt_tokens === null ? [] : [prompt_tokens]))
  if (told.length === 0) return 'tokens not reported'
  const sum = (values: readonly number[]) => count(values.reduce((total, value) => total + value, 0))
  const silent = asked.length - told.length
  const rest = silent === 0 ? '' : ` (${plural(silent, 'task')} did not report any)`
  const prompt = read.length === asked.length ? `, ${sum(read)} in prompts` : ''
  return `tokens ${sum(told)} generated${prompt}${rest}`
}

/** What the service measured of a run, in lines of one thought each. Terms as in design.md, Timing. */
export function measuredLines(response: ExecuteResponse): string[] {
  const { metadata, total_latency_ms, parallel_efficiency } = response
  const {
    sequential_time_ms,
    speedup_factor,
    ideal_speedup,
    critical_path,
    critical_path_ms,
    lanes_used,
    queue_time_ms,
    retry_time_ms,
    overhead_ms,
    duplicates_removed,
  } = metadata
  const path = critical_path.length === 0 ? '' : ` (${critical_path.map(printable).join(' -> ')})`
  return [
    `total ${ms(total_latency_ms)} | sequential ${ms(sequential_time_ms)} | speed-up ${ratio(speedup_factor)}x` +
      ` (at best ${ratio(ideal_speedup)}x) | efficiency ${ratio(parallel_efficiency)} on ${plural(lanes_used, 'lane')}`,
    `critical path ${ms(critical_path_ms)}${path} | queue ${ms(queue_time_ms)} | retries ${ms(retry_time_ms)}` +
      ` | overhead ${ms(overhead_ms)}`,
    `${tokensOf(response)} | ${plural(duplicates_removed, 'duplicate paragraph')} removed`,
  ]
}
