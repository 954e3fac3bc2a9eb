import type { Outcome } from '../contract/outcome.ts'
import { RUN_TIME_OVER, TASK_ERRORS } from '../errors.ts'
import { errorOf, type Verdict } from './verdict.ts'

/** How each line begins that the service writes into a document between models' words. */
export const NOTICE = {
  simulated: '[SIMULATED',
  missing: '[NOT AVAILABLE',
  incomplete: '[INCOMPLETE',
  same: '[Same as',
  fallback: '[FALLBACK',
  replaced: '[CHARACTERS REPLACED',
} as const

export const SIMULATED = `${NOTICE.simulated}: written by a simulator, not by a model. Not for clinical use.]`
/** Above an answer that holds U+FFFD, whoever put it there. */
export const REPLACED = `${NOTICE.replaced}: \uFFFD stands where one was invalid or could deceive a reader. Something may be missing there.]`
export const CUT_BEFORE = `${NOTICE.incomplete}: cut by the token limit. The end of this part is missing.]`
export const CUT_AFTER = `${NOTICE.incomplete}: the text above was cut by the token limit.]`

/** In the place of a duplicate paragraph. */
export const sameAs = (original: string, here: string): string =>
  original === here ? `${NOTICE.same} above.]` : `${NOTICE.same} under ${original}.]`

/** Above an answer that rests on another task's cut answer. */
export const inputCut = (task_id: string): string =>
  `${NOTICE.incomplete} INPUT: this part rests on the answer of task "${task_id}", which was cut by the token limit.]`

/** Above an answer that another model wrote than the one meant for its task; null for any other. */
export function fallbackOf(planned_model: string, { model, attempts }: Outcome): string | null {
  if (model === null || model === planned_model) return null
  const own = attempts.filter((attempt) => attempt.model === planned_model)
  // A hedged call: the other one was not waited for.
  const slower = own.length > 0 && own.every(({ outcome }) => outcome === 'cancelled' || outcome === 'ok')
  const why = slower ? 'had not answered by then' : 'gave no usable answer'
  return `${NOTICE.fallback}: written by ${model} in place of ${planned_model}, which ${why}.]`
}

/** The same as a warning beside the answer, with the code by which the planned model was given up. */
export function fallbackWarning(planned_model: string, { status, model, attempts }: Outcome): string | null {
  if (status !== 'succeeded' || model === null || model === planned_model) return null
  const own = attempts.filter((attempt) => attempt.model === planned_model)
  const failed = own.findLast(({ outcome }) => outcome !== 'cancelled' && outcome !== 'ok')
  const asked = own.some(({ started_at_ms }) => started_at_ms !== null)
  const why =
    failed === undefined
      ? own.length === 0
        ? 'was not asked'
        : 'had not answered by then'
      : `${asked ? 'gave no usable answer' : 'was not asked'} (${failed.outcome})`
  return `Written by ${model} in place of ${planned_model}, which ${why}.`
}

/**
 * In the place of an answer that does not exist: which task, how it ended, and why in plain English. The sentence comes
 * from the table of errors, never from a model server, so that no foreign text passes for ours.
 */
export function notAvailable(task_id: string, outcome: Outcome, { out_of_time }: Verdict): string {
  const { code } = errorOf(outcome)
  const ended =
    outcome.status === 'succeeded' ? 'gave no text' : outcome.status === 'failed' ? 'failed' : `was ${outcome.status}`
  const sentence = code === 'cancelled' && out_of_time ? RUN_TIME_OVER : TASK_ERRORS[code]
  const reason = outcome.cause === null ? sentence : `It depends on task "${outcome.cause}", which did not succeed.`
  return `${NOTICE.missing}: task "${task_id}" ${ended} (${code}). ${reason}]`
}

const are = (count: number): string => (count === 1 ? 'is' : 'are')

/** Under the title of a document that lacks something; null when it is whole. */
export function incompleteDocument({ status, total, missing, cut, out_of_time }: Verdict): string | null {
  if (status === 'succeeded') return null
  const facts: string[] = []
  if (status === 'cancelled') facts.push('the run was cancelled')
  if (out_of_time) facts.push("the run's time was over")
  const parts = total === 1 ? 'part' : 'parts'
  if (missing > 0) facts.push(`${missing} of ${total} ${parts} ${are(missing)} missing`)
  if (cut > 0) facts.push(`${cut} of ${total} ${parts} ${are(cut)} cut by the token limit`)
  return `${NOTICE.incomplete} DOCUMENT: ${facts.join('; ')}.]`
}
