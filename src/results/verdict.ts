import type { Outcome } from '../contract/outcome.ts'
import type { RunStatus } from '../contract/status.ts'
import { TASK_ERRORS, type TaskErrorCode } from '../errors.ts'

/** What became of a run, counted over its tasks: total = whole + cut + missing. */
export interface Verdict {
  status: RunStatus
  total: number
  /** Tasks whose answer was cut by the token limit. */
  cut: number
  /** Tasks without an answer. */
  missing: number
  /** Whether a simulator wrote any of the answers. */
  simulated: boolean
  /** Whether the run's deadline ended tasks. */
  out_of_time: boolean
}

/** The text of an answer, or null. A success that carries no text is none: it must not pass as a whole part. */
export const textOf = ({ status, content }: Outcome): string | null =>
  status === 'succeeded' && content !== null && /\S/.test(content) ? content : null

/** Whether a task gave its whole answer: not cut, not empty. */
export const isWhole = (outcome: Outcome): boolean => textOf(outcome) !== null && !outcome.truncated

/** Why a task has no whole answer. */
export function errorOf(outcome: Outcome): NonNullable<Outcome['error']> {
  if (outcome.error) return outcome.error
  const code: TaskErrorCode =
    outcome.status === 'succeeded'
      ? textOf(outcome) === null
        ? 'empty_output'
        : 'output_truncated'
      : outcome.status === 'skipped'
        ? 'dependency_failed'
        : outcome.status === 'cancelled'
          ? 'cancelled'
          : 'internal_error'
  return { code, message: TASK_ERRORS[code] }
}

/** Judges a run: succeeded = every task gave a whole answer, partial = some gave one, failed = none did. */
export function judge(outcomes: readonly Outcome[], cancelled: boolean): Verdict {
  const total = outcomes.length
  let missing = 0
  let cut = 0
  let simulated = false
  let ended_early = false
  for (const outcome of outcomes) {
    if (outcome.status === 'cancelled') ended_early = true
    if (textOf(outcome) === null) missing++
    else {
      if (outcome.truncated) cut++
      if (outcome.simulated) simulated = true
    }
  }
  const status = cancelled ? 'cancelled' : missing === total ? 'failed' : missing + cut === 0 ? 'succeeded' : 'partial'
  return { status, total, cut, missing, simulated, out_of_time: ended_early && !cancelled }
}
