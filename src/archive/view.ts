import type { TaskResult } from '../contract/result.ts'
import type { ApprovalView, RunSummary, RunView } from '../contract/runs.ts'
import type { RunEnd } from '../contract/service.ts'
import { documentStatus } from '../results/approval.ts'
import type { Approval, RunRecord } from '../store/records.ts'
import { decisionOf, documentDecision, shownBy } from './approvals.ts'

const at = (epoch_ms: number): string => new Date(epoch_ms).toISOString()
const maybeAt = (epoch_ms: number | null): string | null => (epoch_ms === null ? null : at(epoch_ms))

const timesOf = (run: RunRecord) => ({
  created_at: at(run.created_at),
  started_at: maybeAt(run.started_at),
  finished_at: maybeAt(run.finished_at),
})

export const summaryOf = (run: RunRecord): RunSummary => ({
  run_id: run.run_id,
  workflow_type: run.workflow_type,
  status: run.status,
  mode: run.mode,
  ...timesOf(run),
})

export function approvalView(approval: Approval): ApprovalView {
  const { comment, edited_content, diff } = decisionOf(approval)
  const { content, notices } = shownBy(approval)
  return {
    approval_id: approval.approval_id,
    task_id: approval.task_id,
    status: approval.status,
    created_at: at(approval.created_at),
    expires_at: at(approval.expires_at),
    decided_at: maybeAt(approval.decided_at),
    decided_by: approval.decided_by,
    comment,
    notices,
    content,
    edited_content,
    diff,
  }
}

export interface ViewParts {
  run: RunRecord
  /** The answer, also one that waits for approval; null while there is none. */
  end: RunEnd | null
  approvals: readonly Approval[]
  /** Of the tasks that have ended, while there is no answer. */
  results: readonly TaskResult[]
}

/** A stored run as its tenant may see it, at any moment of its life. */
export function viewOf({ run, end, approvals, results }: ViewParts): RunView {
  const { run_id, workflow_type } = run
  const status = run.status
  const rest = {
    // Of a run that was cancelled nothing is final, whatever was decided in the same moment.
    document_status: end && documentStatus(status === 'cancelled' ? null : documentDecision(approvals)),
    approvals: approvals.map(approvalView),
    ...timesOf(run),
  }
  if (end !== null) return { ...end.response, status, success: status === 'succeeded', ...rest }
  return {
    run_id,
    workflow_type,
    status,
    success: false,
    aggregated_content: null,
    total_latency_ms: null,
    parallel_efficiency: null,
    metadata: null,
    results: [...results],
    ...rest,
  }
}
