import type { TaskResult } from '../contract/result.ts'
import type { ApprovalView, RunSummary, RunView } from '../contract/runs.ts'
import type { RunEnd } from '../contract/service.ts'
import { documentStatus } from '../results/approval.ts'
import type { Approval, RunRecord } from '../store/records.ts'
import { contentOf, decisionOf } from './approvals.ts'

const at = (epoch_ms: number): string => new Date(epoch_ms).toISOString()
const maybeAt = (epoch_ms: number | null): string | null => (epoch_ms === null ? null : at(epoch_ms))

const timesOf = ({ created_at, started_at, finished_at }: RunRecord) => ({
  created_at: at(created_at),
  started_at: maybeAt(started_at),
  finished_at: maybeAt(finished_at),
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
  return {
    approval_id: approval.approval_id,
    task_id: approval.task_id,
    status: approval.status,
    created_at: at(approval.created_at),
    expires_at: at(approval.expires_at),
    decided_at: maybeAt(approval.decided_at),
    decided_by: approval.decided_by,
    comment,
    content: contentOf(approval),
    edited_content,
    diff,
  }
}

/** The decision on the document; null while there is none. */
function documentDecision(approvals: readonly Approval[]) {
  const found = approvals.find(({ task_id, status }) => task_id === null && status !== 'pending')
  if (found === undefined) return null
  return {
    status: found.status as 'approved' | 'rejected' | 'expired',
    edited_content: decisionOf(found).edited_content,
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
  const { run_id, workflow_type, status } = run
  const rest = {
    document_status: end && documentStatus(documentDecision(approvals)),
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
