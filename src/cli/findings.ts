import type { Attempt, ExecuteResponse, TaskResult } from '../contract/result.ts'
import { printable } from './printable.ts'

/** Attempts that were never sent. */
const NOT_ASKED: Readonly<Record<string, string>> = {
  breaker_open: 'left alone after repeated failures',
  queue_full: 'its queue was full',
}

/** How one attempt ended. Of a task that has its answer, what was cancelled only gave way to another call. */
function attemptOf({ model, outcome, hedge }: Attempt, answered: boolean): string {
  const skipped = NOT_ASKED[outcome]
  if (skipped !== undefined) return `${model} was not asked (${outcome}: ${skipped})`
  const how = answered && outcome === 'cancelled' ? 'gave way' : outcome
  return `${model} (${hedge ? `second call: ${how}` : how})`
}

/** Its attempts in order; the same end of several attempts in a row is said once. */
function attemptsOf({ attempts, success }: TaskResult): string {
  const groups: { text: string; times: number }[] = []
  for (const attempt of attempts) {
    const text = attemptOf(attempt, success)
    const last = groups.at(-1)
    if (last?.text === text) last.times++
    else groups.push({ text, times: 1 })
  }
  const shown = groups.map(({ text, times }) => (times === 1 ? text : `${text} ${times} times`))
  return shown.length === 0 ? '' : ` Attempts: ${shown.join(', then ')}.`
}

/** What the reader can do about it, where that is plain. */
const ADVICE: Readonly<Record<string, string>> = {
  context_overflow: ' Give a shorter document, or serve a model with a larger context window.',
}

/** How a task without an answer ended; null for one that has an answer. */
function failureOf(result: TaskResult, cause: string | null): string | null {
  const { task_id, status, error } = result
  if (status === 'succeeded') return null
  if (status === 'skipped') return `${task_id} was skipped: it depends on ${cause ?? 'a task'}, which did not succeed.`
  const why = error === null ? '.' : ` (${error.code}): ${error.message}${ADVICE[error.code] ?? ''}`
  return `${task_id} ${status === 'failed' ? 'failed' : 'was cancelled'}${why}${attemptsOf(result)}`
}

/** How a task got its answer, where that was not the planned way; null otherwise. */
function detourOf(result: TaskResult): string | null {
  const { task_id, model, planned_model, status, attempts } = result
  const first = attempts.filter(({ hedge }) => !hedge)
  const answer = attempts.find(({ outcome }) => outcome === 'ok')
  // A second call that its first one outran changed nothing.
  if (status !== 'succeeded' || attempts.length < 2 || (first.length === 1 && first[0] === answer)) return null
  const after = answer?.hedge ? 'by a second call' : 'after a retry'
  const by = model === planned_model ? `${model} answered ${after}` : `${model} answered instead of ${planned_model}`
  return `${task_id}: ${by}.${attemptsOf(result)}`
}

/**
 * What a reader of the document must know of its making, task by task in plan order: failures, skips, cut answers,
 * fallbacks, retries and warnings. Empty when everything went as planned.
 */
export function findings({ results, metadata }: ExecuteResponse): string[] {
  const causes = new Map(metadata.errors.map(({ task_id, cause }) => [task_id, cause]))
  return results
    .flatMap((result) => [
      failureOf(result, causes.get(result.task_id) ?? null),
      result.truncated
        ? `${result.task_id}: the answer was cut by the token limit and is incomplete (output_truncated).`
        : null,
      detourOf(result),
      // Of a fallback the detour has said more.
      ...result.warnings
        .filter((warning) => warning !== result.fallback_reason)
        .map((warning) => `${result.task_id}: ${warning}`),
    ])
    .filter((line) => line !== null)
    .map(printable)
}
