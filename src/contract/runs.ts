import { z } from 'zod'
import { ExecuteResponse, RunMetadata } from './result.ts'
import { RunStatus } from './status.ts'

/** What a stored run may be: on its way, waiting for a human, or at its end. */
export const RunState = z.enum(['queued', 'running', 'awaiting_approval', ...RunStatus.options])

const time = z.iso.datetime()

const times = {
  created_at: time.describe('When it was accepted'),
  started_at: time.nullable().describe('When its first task was begun; null while it waits'),
  finished_at: time.nullable().describe('Null while it has no end'),
}

export const RunParams = z.strictObject({ run_id: z.string().min(1).max(128) })

export const RunAccepted = z.object({ run_id: z.string(), status: RunState })

export const RunSummary = z.object({
  run_id: z.string(),
  workflow_type: z.string(),
  status: RunState,
  mode: z.enum(['sync', 'async']).describe('sync: a caller waited for it; async: accepted with 202'),
  ...times,
})

export const RunList = z.object({
  runs: z.array(RunSummary).describe('The newest first'),
  next_cursor: z.string().nullable().describe('For the next page; null on the last'),
})

export const ApprovalView = z.object({
  approval_id: z.string(),
  task_id: z.string().nullable().describe('The task whose text waits; null: the whole document does'),
  status: z.enum(['pending', 'approved', 'rejected', 'expired']),
  created_at: time,
  expires_at: time,
  decided_at: time.nullable(),
  decided_by: z.string().nullable(),
  comment: z.string().nullable(),
  notices: z.array(z.string()).describe('Lines of the service about a task’s text: simulated, cut, by a fallback'),
  content: z.string().describe('The text that is to be approved, as it was written. Kept whatever the decision'),
  edited_content: z.string().nullable().describe('What was approved in its place'),
  diff: z.string().nullable().describe('From the one to the other, as a unified diff'),
})

export const DocumentStatus = z.enum(['preliminary', 'final', 'amended', 'rejected'])

export const RunView = ExecuteResponse.extend({
  status: RunState,
  aggregated_content: z.string().nullable().describe('Null while there is no document'),
  total_latency_ms: z.number().nullable(),
  parallel_efficiency: z.number().nullable(),
  metadata: RunMetadata.nullable(),
  document_status: DocumentStatus.nullable().describe(
    'preliminary until a human has approved it; amended: approved with edits. Null while there is no document',
  ),
  approvals: z.array(ApprovalView),
  ...times,
}).describe(
  'The execute response with when it happened. While the run goes on, `results` holds the tasks that have ended',
)

export const RunsQuery = z.strictObject({
  status: RunState.optional(),
  workflow_type: z.string().min(1).max(64).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50).describe('Runs per page, 1 to 1000'),
  cursor: z.string().min(1).max(500).optional().describe('`next_cursor` of the page before'),
})

export type RunState = z.output<typeof RunState>
export type RunParams = z.output<typeof RunParams>
export type RunAccepted = z.output<typeof RunAccepted>
export type RunSummary = z.output<typeof RunSummary>
export type RunList = z.output<typeof RunList>
export type ApprovalView = z.output<typeof ApprovalView>
export type DocumentStatus = z.output<typeof DocumentStatus>
export type RunView = z.output<typeof RunView>
export type RunsQuery = z.output<typeof RunsQuery>
