import type { ExecuteResponse, Measured } from '../contract/result.ts'
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

const NOT_MEASURED: Readonly<Record<NonNullable<Measured['reason']>, string>> = {
  run_not_whole: 'the run has no whole answer of every task',
  pass_not_whole: 'a task gave no whole answer when it ran alone',
  run_timeout: 'the time of the run was over before',
  cancelled: 'the run was cancelled before',
}

/** What the tasks took one at a time: without what those that share a GPU cost each other. */
function oneByOne({ sequential_time_ms, speedup_factor, reason }: Measured): string {
  if (sequential_time_ms === null || speedup_factor === null)
    return `not measured one task at a time: ${reason === null ? 'no reason given' : NOT_MEASURED[reason]}`
  return `measured one task at a time: sequential ${ms(sequential_time_ms)} | speed-up ${ratio(speedup_factor)}x`
}

const named = (path: readonly string[]): string => (path.length === 0 ? '' : ` (${path.map(printable).join(' -> ')})`)

const same = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((task_id, at) => task_id === other[at])

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
    slowest_path,
    slowest_path_ms,
    service_ms,
    duplicates_removed,
  } = metadata
  return [
    `total ${ms(total_latency_ms)} | sequential ${ms(sequential_time_ms)} | speed-up ${ratio(speedup_factor)}x` +
      ` (at best ${ratio(ideal_speedup)}x) | efficiency ${ratio(parallel_efficiency)} on ${plural(lanes_used, 'lane')}`,
    `critical path ${ms(critical_path_ms)}${named(critical_path)} | queue ${ms(queue_time_ms)} | retries ${ms(retry_time_ms)}` +
      ` | overhead of ours ${ms(service_ms)}`,
    ...(same(slowest_path, critical_path)
      ? []
      : [`slowest path ${ms(slowest_path_ms)}${named(slowest_path)}, with all that it waited and retried`]),
    ...(metadata.measured ? [oneByOne(metadata.measured)] : []),
    `${tokensOf(response)} | ${plural(duplicates_removed, 'duplicate paragraph')} removed`,
  ]
}
