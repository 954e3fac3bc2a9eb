import type { Outcome } from '../contract/outcome.ts'
import { TASK_ERRORS } from '../errors.ts'
import { errorOf, type Verdict } from './verdict.ts'

/** How each line begins that the service writes into a document between models' words. */
export const NOTICE = {
  simulated: '[SIMULATED',
  missing: '[NOT AVAILABLE',
  incomplete: '[INCOMPLETE',
  same: '[Same as',
} as const

export const SIMULATED = `${NOTICE.simulated}: written by a simulator, not by a model. Not for clinical use.]`
export const CUT_BEFORE = `${NOTICE.incomplete}: cut by the token limit. The end of this part is missing.]`
export const CUT_AFTER = `${NOTICE.incomplete}: the text above was cut by the token limit.]`

/** In the place of a duplicate paragraph. */
export const sameAs = (original: string, here: string): string =>
  original === here ? `${NOTICE.same} above.]` : `${NOTICE.same} under ${original}.]`

/** Above an answer that rests on another task's cut answer. */
export const inputCut = (task_id: string): string =>
  `${NOTICE.incomplete} INPUT: this part rests on the answer of task "${task_id}", which was cut by the token limit.]`

/**
 * In the place of an answer that does not exist: which task, how it ended, and why in plain English. The sentence comes
 * from the table of errors, never from a model server, so that no foreign text passes for ours.
 */
export function notAvailable(task_id: string, outcome: Outcome): string {
  const { code } = errorOf(outcome)
  const ended =
    outcome.status === 'succeeded' ? 'gave no text' : outcome.status === 'failed' ? 'failed' : `was ${outcome.status}`
  const reason =
    outcome.cause === null ? TASK_ERRORS[code] : `It depends on task "${outcome.cause}", which did not succeed.`
  return `${NOTICE.missing}: task "${task_id}" ${ended} (${code}). ${reason}]`
}

const are = (count: number): string => (count === 1 ? 'is' : 'are')

/** Under the title of a document that lacks something; null when it is whole. */
export function incompleteDocument({ status, total, missing, cut }: Verdict): string | null {
  if (status === 'succeeded') return null
  const facts: string[] = []
  if (status === 'cancelled') facts.push('the run was cancelled')
  const parts = total === 1 ? 'part' : 'parts'
  if (missing > 0) facts.push(`${missing} of ${total} ${parts} ${are(missing)} missing`)
  if (cut > 0) facts.push(`${cut} of ${total} ${parts} ${are(cut)} cut by the token limit`)
  return `${NOTICE.incomplete} DOCUMENT: ${facts.join('; ')}.]`
}
