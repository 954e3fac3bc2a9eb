import { type Kysely, sql } from 'kysely'
import { wallOff } from './walls.ts'

export interface Types {
  /** Numbers up to 2^53, of epoch ms too. */
  integer: 'bigint' | 'integer'
  bytes: 'bytea' | 'blob'
}

const PER_TENANT = ['runs', 'tasks', 'events', 'approvals', 'idempotency_keys', 'audit', 'audit_heads'] as const

async function createRuns(db: Kysely<unknown>, { integer, bytes }: Types): Promise<void> {
  await db.schema
    .createTable('runs')
    .addColumn('tenant', 'text', (col) => col.notNull())
    .addColumn('run_id', 'text', (col) => col.notNull())
    .addColumn('workflow_type', 'text', (col) => col.notNull())
    .addColumn('mode', 'text', (col) => col.notNull())
    .addColumn('subject', 'text', (col) => col.notNull())
    .addColumn('status', 'text', (col) => col.notNull())
    .addColumn('epoch', integer, (col) => col.notNull())
    .addColumn('owner', 'text')
    .addColumn('request_hash', 'text', (col) => col.notNull())
    .addColumn('created_at', integer, (col) => col.notNull())
    .addColumn('started_at', integer)
    .addColumn('finished_at', integer)
    .addColumn('touched_at', integer, (col) => col.notNull())
    .addColumn('cancel_requested_at', integer)
    .addColumn('last_event_id', integer, (col) => col.notNull())
    .addColumn('request', sql.raw(bytes), (col) => col.notNull())
    .addColumn('response', sql.raw(bytes))
    .addPrimaryKeyConstraint('runs_key', ['tenant', 'run_id'])
    .execute()
  await db.schema.createIndex('runs_listed').on('runs').columns(['tenant', 'created_at', 'run_id']).execute()
  await sql`create index runs_open on runs (touched_at) where status in ('queued', 'running')`.execute(db)
  await sql`create index runs_ended on runs (finished_at) where finished_at is not null`.execute(db)
}

async function createParts(db: Kysely<unknown>, { integer, bytes }: Types): Promise<void> {
  await db.schema
    .createTable('tasks')
    .addColumn('tenant', 'text', (col) => col.notNull())
    .addColumn('run_id', 'text', (col) => col.notNull())
    .addColumn('task_id', 'text', (col) => col.notNull())
    .addColumn('epoch', integer, (col) => col.notNull())
    .addColumn('status', 'text', (col) => col.notNull())
    .addColumn('model', 'text')
    .addColumn('recorded_at', integer, (col) => col.notNull())
    .addColumn('attempts', 'text', (col) => col.notNull())
    .addColumn('outcome', sql.raw(bytes), (col) => col.notNull())
    .addPrimaryKeyConstraint('tasks_key', ['tenant', 'run_id', 'task_id'])
    .execute()
  await db.schema
    .createTable('events')
    .addColumn('tenant', 'text', (col) => col.notNull())
    .addColumn('run_id', 'text', (col) => col.notNull())
    .addColumn('id', integer, (col) => col.notNull())
    .addColumn('event', 'text', (col) => col.notNull())
    .addColumn('at', integer, (col) => col.notNull())
    .addColumn('data', sql.raw(bytes), (col) => col.notNull())
    .addPrimaryKeyConstraint('events_key', ['tenant', 'run_id', 'id'])
    .execute()
  await db.schema
    .createTable('idempotency_keys')
    .addColumn('tenant', 'text', (col) => col.notNull())
    .addColumn('key_hash', 'text', (col) => col.notNull())
    .addColumn('body_hash', 'text', (col) => col.notNull())
    .addColumn('run_id', 'text', (col) => col.notNull())
    .addColumn('created_at', integer, (col) => col.notNull())
    .addPrimaryKeyConstraint('idempotency_keys_key', ['tenant', 'key_hash'])
    .execute()
  await db.schema.createIndex('keys_of_run').on('idempotency_keys').columns(['tenant', 'run_id']).execute()
}

async function createApprovals(db: Kysely<unknown>, { integer, bytes }: Types): Promise<void> {
  await db.schema
    .createTable('approvals')
    .addColumn('tenant', 'text', (col) => col.notNull())
    .addColumn('approval_id', 'text', (col) => col.notNull())
    .addColumn('run_id', 'text', (col) => col.notNull())
    .addColumn('task_id', 'text')
    .addColumn('status', 'text', (col) => col.notNull())
    .addColumn('created_at', integer, (col) => col.notNull())
    .addColumn('expires_at', integer, (col) => col.notNull())
    .addColumn('decided_at', integer)
    .addColumn('decided_by', 'text')
    .addColumn('document', sql.raw(bytes), (col) => col.notNull())
    .addColumn('decision', sql.raw(bytes))
    .addPrimaryKeyConstraint('approvals_key', ['tenant', 'approval_id'])
    .execute()
  await db.schema.createIndex('approvals_of_run').on('approvals').columns(['tenant', 'run_id']).execute()
  await sql`create index approvals_pending on approvals (expires_at) where status = 'pending'`.execute(db)
}

async function createAudit(db: Kysely<unknown>, { integer }: Types): Promise<void> {
  await db.schema
    .createTable('audit')
    .addColumn('tenant', 'text', (col) => col.notNull())
    .addColumn('seq', integer, (col) => col.notNull())
    .addColumn('at', integer, (col) => col.notNull())
    .addColumn('actor', 'text', (col) => col.notNull())
    .addColumn('action', 'text', (col) => col.notNull())
    .addColumn('object', 'text', (col) => col.notNull())
    .addColumn('outcome', 'text', (col) => col.notNull())
    .addColumn('details', 'text', (col) => col.notNull())
    .addColumn('prev_hash', 'text', (col) => col.notNull())
    .addColumn('hash', 'text', (col) => col.notNull())
    .addPrimaryKeyConstraint('audit_key', ['tenant', 'seq'])
    .execute()
  await db.schema
    .createTable('audit_heads')
    .addColumn('tenant', 'text', (col) => col.notNull().primaryKey())
    .addColumn('seq', integer, (col) => col.notNull())
    .addColumn('hash', 'text', (col) => col.notNull())
    .execute()
}

export async function createInitial(db: Kysely<unknown>, types: Types): Promise<void> {
  await createRuns(db, types)
  await createParts(db, types)
  await createApprovals(db, types)
  await createAudit(db, types)
  if (types.bytes === 'bytea') await wallOff(db, PER_TENANT)
}
