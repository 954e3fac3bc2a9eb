import type { Outcome } from '../contract/outcome.ts'
import type { RunEnd } from '../contract/service.ts'
import { TASK_ERRORS, type TaskErrorCode } from '../errors.ts'
import type { Approval } from '../store/records.ts'

/** What the store keeps as `document` of an approval: the text of one task, or the answer of the whole run. */
export type ApprovalDocument = ({ content: string } | { end: RunEnd }) & { four_eyes: boolean }

/** What the store keeps as `decision`. */
export interface DecisionContent {
  comment: string | null
  edited_content: string | null
  /** From the text that was shown to the edited one, as a unified diff. */
  diff: string | null
}

const NOTHING_SAID: DecisionContent = { comment: null, edited_content: null, diff: null }

/** The clock decides without words. */
export const decisionOf = ({ decision }: Approval): DecisionContent =>
  (decision as DecisionContent | null) ?? NOTHING_SAID

/** The text that is to be approved. */
export function contentOf({ document }: Approval): string {
  const shown = document as ApprovalDocument
  return 'end' in shown ? shown.end.response.aggregated_content : shown.content
}

/** Where decisions have brought a run that goes on. */
export interface DecidedSoFar {
  /** Outcomes by task id: of approved tasks with the text that was approved, of refused ones without any. */
  finished: Map<string, Outcome>
  /** Tasks that hold nothing up any more. */
  decided: ReadonlySet<string>
  /** Tasks with an approval, whatever became of it: they get no second one. */
  asked: ReadonlySet<string>
  /** The answer of the run, and the decision on it; null while there is none. */
  document: { end: RunEnd; approval: Approval } | null
}

function refused(outcome: Outcome, code: TaskErrorCode): Outcome {
  return { ...outcome, status: 'failed', content: null, error: { code, message: TASK_ERRORS[code] } }
}

function afterDecision(outcome: Outcome, approval: Approval): Outcome {
  if (approval.status === 'rejected') return refused(outcome, 'approval_rejected')
  if (approval.status === 'expired') return refused(outcome, 'approval_expired')
  const { edited_content } = decisionOf(approval)
  return edited_content === null ? outcome : { ...outcome, content: edited_content, truncated: false }
}

/** What decisions have made of the outcomes that a run has recorded. */
export function applyDecisions(recorded: ReadonlyMap<string, Outcome>, approvals: readonly Approval[]): DecidedSoFar {
  const finished = new Map(recorded)
  const decided = new Set<string>()
  const asked = new Set<string>()
  let document: DecidedSoFar['document'] = null
  for (const approval of approvals) {
    const { task_id, status } = approval
    if (task_id === null) {
      const { end } = approval.document as { end: RunEnd }
      document = { end, approval }
      continue
    }
    asked.add(task_id)
    if (status === 'pending') continue
    decided.add(task_id)
    const outcome = recorded.get(task_id)
    if (outcome !== undefined) finished.set(task_id, afterDecision(outcome, approval))
  }
  return { finished, decided, asked, document }
}
