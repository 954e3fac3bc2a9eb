import { hash } from 'node:crypto'
import type { ApprovalDecision } from '../contract/approval.ts'
import type { ApprovalView } from '../contract/runs.ts'
import type { RunCaller } from '../contract/service.ts'
import { Problem } from '../errors.ts'
import { keepOrigin } from '../results/approval.ts'
import type { Store } from '../store/port.ts'
import type { Approval, Decided, RunRecord } from '../store/records.ts'
import { type ApprovalDocument, type DecisionContent, isSimulated, shownBy } from './approvals.ts'
import { checkHumanText } from './human-text.ts'
import { noteOf } from './notes.ts'
import { diffOf } from './text-diff.ts'
import { approvalView } from './view.ts'
import { noSuchRun } from './watch.ts'

const CONFLICTS: Readonly<Record<Extract<Decided, { ok: false }>['reason'], string>> = {
  not_found: 'The approval is gone.',
  decided: 'It has been decided already; see approvals of the run.',
  expired: 'Nobody decided in time; the approval has expired.',
  run_finished: 'The run has ended without this decision.',
}

function choose(approvals: readonly Approval[], approval_id: string | undefined): Approval {
  if (approval_id !== undefined) {
    const found = approvals.find((approval) => approval.approval_id === approval_id)
    if (found !== undefined) return found
    throw new Problem('not_found', 'The run has no approval with this id.', {
      errors: [{ field: 'approval_id', message: 'is none of this run; GET /v1/runs/{id} lists them' }],
    })
  }
  const pending = approvals.filter(({ status }) => status === 'pending')
  if (pending.length > 1)
    throw new Problem('conflict', `${pending.length} approvals of this run are pending: say which one.`, {
      errors: [
        { field: 'approval_id', message: `must be one of ${pending.map(({ approval_id: id }) => id).join(', ')}` },
      ],
    })
  const [only = approvals.at(-1)] = pending
  if (only !== undefined) return only
  throw new Problem('conflict', 'Nothing of this run waits for an approval.')
}

function checkEyes({ document }: Approval, run: RunRecord, { subject }: RunCaller): void {
  if ((document as ApprovalDocument).four_eyes && subject === run.subject)
    throw new Problem('forbidden', 'Whoever asked for this run may not decide on it: it takes a second person.')
}

/**
 * The text that a human sent in place of the one shown; null when it says the same. Line ends and blank ends are those of
 * editors, no changes: in a diff they would hide what was changed.
 */
function editOf(approval: Approval, content: string): string | null {
  const shown = shownBy(approval).content
  const edited = keepOrigin(
    content
      .replace(/^\uFEFF/, '')
      .replaceAll(/\r\n?/g, '\n')
      .trimEnd(),
    isSimulated(approval),
  )
  return edited === shown.trimEnd() ? null : edited
}

function contentOfDecision(approval: Approval, { decision, comment, content }: ApprovalDecision): DecisionContent {
  if (decision === 'reject' && content !== undefined)
    throw new Problem('invalid_request', 'Only a text that is approved can be edited.', {
      errors: [{ field: 'content', message: 'goes with decision "approve" only' }],
    })
  const edited_content = content === undefined ? null : editOf(approval, content)
  return {
    comment: comment ?? null,
    edited_content,
    diff: edited_content === null ? null : diffOf(shownBy(approval).content, edited_content),
  }
}

/**
 * Records a human's decision; exactly one wins. Throws a Problem: `not_found`, `conflict` (decided, expired, several are
 * pending), `forbidden` (four eyes), `invalid_request`.
 */
export async function decide(
  store: Store,
  { caller, run_id, decision, at }: { caller: RunCaller; run_id: string; decision: ApprovalDecision; at: number },
): Promise<ApprovalView> {
  const { tenant, subject } = caller
  checkHumanText(decision)
  const run = await store.run(tenant, run_id)
  if (run === null) throw noSuchRun()
  const approval = choose(await store.approvals(tenant, run_id), decision.approval_id)
  const { approval_id } = approval
  checkEyes(approval, run, caller)
  const content = contentOfDecision(approval, decision)
  const status = decision.decision === 'approve' ? 'approved' : 'rejected'
  const note = noteOf(caller, `approval.${decision.decision}`, run_id, at, {
    approval_id,
    edited: content.edited_content !== null,
    // What was decided on, to the letter; the text itself is none of the audit's.
    text_sha256: hash('sha256', content.edited_content ?? shownBy(approval).content),
  })
  const decided = await store.decide(tenant, approval_id, { status, by: subject, at, content }, note)
  if (!decided.ok) throw new Problem('conflict', CONFLICTS[decided.reason])
  return approvalView(decided.approval)
}
