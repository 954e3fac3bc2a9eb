import type { Outcome } from '../contract/outcome.ts'
import type { RunStatus } from '../contract/status.ts'
import type { WebhookEventName } from '../contract/webhook.ts'
import type { StoreFault } from './errors.ts'

/** sync: a caller waits for it; async: accepted with 202. */
export type RunMode = 'sync' | 'async'
export type OpenStatus = 'queued' | 'running' | 'awaiting_approval'
export type StoredStatus = OpenStatus | RunStatus

/** All times in epoch ms. */
export interface RunRecord {
  tenant: string
  run_id: string
  workflow_type: string
  mode: RunMode
  /** Who asked for it. */
  subject: string
  status: StoredStatus
  /** Counts the claims. A write under an older one is refused. */
  epoch: number
  /** The process that works on it; null while nobody does. */
  owner: string | null
  request_hash: string
  created_at: number
  started_at: number | null
  finished_at: number | null
  /** The last sign of life of its owner. */
  touched_at: number
  cancel_requested_at: number | null
  last_event_id: number
}

export interface RunDetail extends RunRecord {
  /** As the caller sent it. */
  request: unknown
  /** The answer; null while the run goes on. */
  response: unknown
}

export interface NewRun {
  tenant: string
  run_id: string
  workflow_type: string
  mode: RunMode
  subject: string
  /** Who begins it at once; null when it waits to be claimed. */
  owner: string | null
  request: unknown
  /** Of the body, for the Idempotency-Key. */
  request_hash: string
  idempotency_key: string | null
  /** The URL that is told when the run has ended; kept like clinical text, because its query may hold secrets. */
  webhook: string | null
  at: number
}

export type Accepted =
  | { kind: 'created'; lease: Lease }
  /** The same key and body came before: this is the run of that time. */
  | { kind: 'replayed'; run_id: string }
  /** The key came before with another body. */
  | { kind: 'mismatch'; run_id: string }

/** The right to write to a run, until somebody claims it with a higher epoch. */
export interface Lease {
  tenant: string
  run_id: string
  epoch: number
}

export interface TaskRecord {
  task_id: string
  epoch: number
  recorded_at: number
  outcome: Outcome
}

export interface NewEvent {
  event: string
  data: unknown
}

export interface StoredEvent extends NewEvent {
  /** From 1 in each run, without a gap. */
  id: number
  at: number
}

export interface NewApproval {
  approval_id: string
  /** The task that waits; null when the whole run does. */
  task_id: string | null
  expires_at: number
  /** What is to be approved, as it was shown. Kept as it is whatever the decision. */
  document: unknown
}

export interface Approval extends NewApproval {
  run_id: string
  status: 'pending' | 'approved' | 'rejected' | 'expired'
  created_at: number
  decided_at: number | null
  decided_by: string | null
  /** Comment, edited text, difference: null until somebody decided. */
  decision: unknown
}

export interface Decision {
  status: 'approved' | 'rejected'
  by: string
  at: number
  /** Comment, edited text, difference. */
  content: unknown
}

/** What one write does to a run; all of it or nothing. */
export interface Change {
  at: number
  status?: 'running' | 'awaiting_approval'
  outcomes?: readonly { task_id: string; outcome: Outcome }[]
  events?: readonly NewEvent[]
  approvals?: readonly NewApproval[]
  /** With it comes the delivery to the run's webhook, if it has one. */
  finish?: { status: RunStatus; response: unknown }
}

/** stale: somebody else has claimed the run. finished: it has its end already. */
export type Refusal = { ok: false; reason: 'stale' | 'finished' | 'not_found' }

export type Recorded =
  | {
      ok: true
      last_event_id: number
      cancel_requested_at: number | null
      /** Tasks that had an outcome before: the first stays. */
      kept: readonly string[]
    }
  | Refusal

export type Claimed = { ok: true; lease: Lease } | Refusal
export type CancelAsked = { ok: true; status: OpenStatus; epoch: number } | Exclude<Refusal, { reason: 'stale' }>
/** Approvals of all tenants that a human still has to decide on. */
export interface WaitingApprovals {
  count: number
  /** When the oldest of them was asked for, epoch ms; null while there is none. */
  oldest_at: number | null
}

export type Decided =
  | { ok: true; approval: Approval }
  | { ok: false; reason: 'not_found' | 'decided' | 'expired' | 'run_finished' }

export interface RunFilter {
  status?: StoredStatus
  workflow_type?: string
  /** At most that many, 1 to 1000. */
  limit: number
  /** `next_cursor` of the page before. */
  cursor?: string
}

export interface Unfinished {
  /** Only of this owner; null: only those that nobody has. */
  owner?: string | null
  /** Only those that somebody else than this owner has. */
  others_than?: string
  /** Only runs whose owner gave no sign of life since. */
  untouched_since?: number
  limit: number
}

/** Open runs of all tenants, as one process sees them; each list begins with the longest untouched. */
export interface AtWork {
  ours: RunRecord[]
  others: RunRecord[]
  /** Those that nobody has. */
  free: RunRecord[]
}

/** How far a run has come. */
export type Progress = Pick<RunRecord, 'tenant' | 'run_id' | 'last_event_id' | 'finished_at'>

export type DeliveryStatus = 'pending' | 'delivered' | 'given_up'

/** One thing that the webhook of a run is told. */
export interface DeliveryKey {
  tenant: string
  run_id: string
  event: WebhookEventName
}

export interface Delivery extends DeliveryKey {
  status: DeliveryStatus
  /** Begun so far, the one that is under way too. */
  attempts: number
  /** When it may be taken (again); null when nothing more will be sent. */
  next_at: number | null
  /** Code of the last attempt that failed. */
  last_error: string | null
  created_at: number
  delivered_at: number | null
}

/** A delivery taken by this process, with what is to be told. `attempts` fences off who took it before. */
export interface DueDelivery extends DeliveryKey {
  attempts: number
  created_at: number
  workflow_type: string
  run_status: RunStatus
  /** Where to; a fault when the URL does not open: its key is missing, its bytes were changed. */
  webhook: { url: string } | { fault: StoreFault }
}

export interface Deleted {
  runs: number
  tasks: number
  events: number
  approvals: number
  idempotency_keys: number
  webhook_deliveries: number
}

export interface SchemaState {
  /** Migrations that this version brings and the database lacks. */
  pending: string[]
  /** Migrations of a newer version. They only ever add, so this version may go on. */
  newer: string[]
}
