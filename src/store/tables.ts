import type { WebhookEventName } from '../contract/webhook.ts'
import type { AuditHead, AuditLink } from './audit/entry.ts'
import type { DeliveryStatus, RunRecord } from './records.ts'

/** Clinical text as bytes: JSON, sealed when there is a key. No other column may hold any, but for embeddings. */
type Sealed = Uint8Array

export interface RunsTable extends RunRecord {
  request: Sealed
  response: Sealed | null
  /** The URL that is told of the end; it may hold secrets of the caller. */
  webhook: Sealed | null
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

export type AuditTable = AuditLink

export interface AuditHeadsTable extends AuditHead {
  tenant: string
}

export interface WebhookDeliveriesTable {
  tenant: string
  run_id: string
  event: WebhookEventName
  status: DeliveryStatus
  attempts: number
  /** Also the end of a lease: who takes a delivery moves it on. Null when nothing more will be sent. */
  next_at: number | null
  last_error: string | null
  created_at: number
  delivered_at: number | null
}

export interface MemoryDocumentsTable {
  tenant: string
  document_id: string
  collection: string
  /** Whose embeddings its passages have, and of how many dimensions. */
  model: string
  dims: number
  passages: number
  /** 1: its vectors are sealed. 0: they are bare 32-bit floats, which the database can compare. */
  sealed: number
  created_at: number
  /** Null: nobody knows, or added before this was kept. */
  added_by: string | null
  /** Source, title and metadata. */
  head: Sealed
}

export interface MemoryPassagesTable {
  tenant: string
  document_id: string
  position: number
  /** Of length 1. Whoever has it can tell much of the text. */
  vector: Uint8Array
  text: Sealed
}

/** Amounts in billionths of a US dollar. */
export interface SpendingTable {
  tenant: string
  /** Empty: the account of the tenant itself. */
  caller: string
  day: string
  spent: number
  aside: number
}

export interface Tables {
  runs: RunsTable
  tasks: TasksTable
  events: EventsTable
  approvals: ApprovalsTable
  idempotency_keys: IdempotencyKeysTable
  audit: AuditTable
  audit_heads: AuditHeadsTable
  webhook_deliveries: WebhookDeliveriesTable
  memory_documents: MemoryDocumentsTable
  memory_passages: MemoryPassagesTable
  spending: SpendingTable
}

const WALLED: Readonly<Record<keyof Tables, true>> = {
  runs: true,
  tasks: true,
  events: true,
  approvals: true,
  idempotency_keys: true,
  audit: true,
  audit_heads: true,
  webhook_deliveries: true,
  memory_documents: true,
  memory_passages: true,
  spending: true,
}

/** Tables whose rows belong to a tenant: all of them. */
export const PER_TENANT: readonly string[] = Object.keys(WALLED)
