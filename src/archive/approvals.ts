import type { Outcome } from '../contract/outcome.ts'
import type { RunEnd } from '../contract/service.ts'
import { TASK_ERRORS, type TaskErrorCode } from '../errors.ts'
import { type DocumentDecision, decideDocument } from '../results/approval.ts'
import type { Approval } from '../store/records.ts'

/** The text of one task as its model wrote it, with what must be known of it. */
interface ShownText {
  content: string
  notices: string[]
}

/** What the store keeps as `document` of an approval: the text of one task, or the answer of the whole run. */
export type ApprovalDocument = (ShownText | { end: RunEnd }) & { four_eyes: boolean }

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

/** The text that is to be approved, and the lines of the service about it that do not stand in it. */
export function shownBy({ document }: Approval): ShownText {
  const shown = document as ApprovalDocument
  return 'end' in shown ? { content: shown.end.response.aggregated_content, notices: [] } : shown
}

/** Of a whole document: whether a simulator wrote any of it. */
export function isSimulated({ document }: Approval): boolean {
  const shown = document as ApprovalDocument
  return 'end' in shown && shown.end.response.metadata.simulated
}

/** Where decisions have brought a run that goes on. */
export interface DecidedSoFar {
  /** Outcomes by task id: of approved tasks with the text that was approved, of refused ones without any. */
  finished: Map<string, Outcome>
  /** Tasks that hold nothing up any more. */
  decided: ReadonlySet<string>
  /** Tasks with an approval, whatever became of it: they get no second one. */
  asked: ReadonlySet<string>
  /** The answer of the run, as the decision on it has left it; null while there is none. */
  document: { end: RunEnd; status: Approval['status'] } | null
}

function refused(outcome: Outcome, code: TaskErrorCode): Outcome {
  return { ...outcome, status: 'failed', content: null, error: { code, message: TASK_ERRORS[code] } }
}

function afterDecision(outcome: Outcome, approval: Approval): Outcome {
  if (approval.status === 'rejected') return refused(outcome, 'approval_rejected')
  if (approval.status === 'expired') return refused(outcome, 'approval_expired')
  const { edited_content } = decisionOf(approval)
  // Whoever has edited a text vouches for its end too.
  return edited_content === null ? outcome : { ...outcome, content: edited_content, truncated: false }
}

/** The decision on the document; null while there is none. */
export function documentDecision(approvals: readonly Approval[]): DocumentDecision | null {
  const found = approvals.find(({ task_id, status }) => task_id === null && status !== 'pending')
  if (found === undefined) return null
  return { status: found.status as DocumentDecision['status'], edited_content: decisionOf(found).edited_content }
}

function decidedDocument(approvals: readonly Approval[]): DecidedSoFar['document'] {
  const asked = approvals.find(({ task_id }) => task_id === null)
  if (asked === undefined) return null
  const { end } = asked.document as { end: RunEnd }
  const decision = documentDecision(approvals)
  const { status } = asked
  return { status, end: decision === null ? end : { ...end, response: decideDocument(end.response, decision) } }
}

/** What decisions have made of the outcomes that a run has recorded. */
export function applyDecisions(recorded: ReadonlyMap<string, Outcome>, approvals: readonly Approval[]): DecidedSoFar {
  const finished = new Map(recorded)
  const decided = new Set<string>()
  const asked = new Set<string>()
  for (const approval of approvals) {
    const { task_id, status } = approval
    if (task_id === null) continue
    asked.add(task_id)
    if (status === 'pending') continue
    decided.add(task_id)
    const outcome = recorded.get(task_id)
    if (outcome !== undefined) finished.set(task_id, afterDecision(outcome, approval))
  }
  return { finished, decided, asked, document: decidedDocument(approvals) }
}
