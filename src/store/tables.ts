import type { RunMode, StoredStatus } from './records.ts'

/** Clinical text as bytes: JSON, sealed when there is a key. No other column may hold any. */
type Sealed = Uint8Array

export interface RunsTable {
  tenant: string
  run_id: string
  workflow_type: string
  mode: RunMode
  subject: string
  status: StoredStatus
  epoch: number
  owner: string | null
  request_hash: string
  created_at: number
  started_at: number | null
  finished_at: number | null
  touched_at: number
  cancel_requested_at: number | null
  last_event_id: number
  request: Sealed
  response: Sealed | null
}

export interface TasksTable {
  tenant: string
  run_id: string
  task_id: string
  epoch: number
  status: string
  model: string | null
  recorded_at: number
  attempts: string
  outcome: Sealed
}

export interface EventsTable {
  tenant: string
  run_id: string
  id: number
  event: string
  at: number
  data: Sealed
}

export interface ApprovalsTable {
  tenant: string
  approval_id: string
  run_id: string
  task_id: string | null
  status: 'pending' | 'approved' | 'rejected' | 'expired'
  created_at: number
  expires_at: number
  decided_at: number | null
  decided_by: string | null
  document: Sealed
  decision: Sealed | null
}

export interface IdempotencyKeysTable {
  tenant: string
  key_hash: string
  body_hash: string
  run_id: string
  created_at: number
}

export interface AuditTable {
  tenant: string
  seq: number
  at: number
  actor: string
  action: string
  object: string
  outcome: string
  details: string
  prev_hash: string
  hash: string
}

export interface AuditHeadsTable {
  tenant: string
  seq: number
  hash: string
}

export interface Tables {
  runs: RunsTable
  tasks: TasksTable
  events: EventsTable
  approvals: ApprovalsTable
  idempotency_keys: IdempotencyKeysTable
  audit: AuditTable
  audit_heads: AuditHeadsTable
}
