import { sql } from 'kysely'
import type { Outcome } from '../../contract/outcome.ts'
import type { Db } from '../backend.ts'
import type { Clinical } from '../clinical.ts'
import type { Change, Lease, Recorded, StoredStatus } from '../records.ts'
import { type Given, statement } from '../statement.ts'
import { storable } from '../text.ts'
import { insertDelivery } from './deliveries.ts'
import { insertion } from './insertion.ts'
import { OPEN, whyRefused } from './open.ts'

interface Fenced extends Lease {
  at: number
  status: StoredStatus | null
  started_at: number | null
  finished_at: number | null
  response: Uint8Array | null
  events: number
}

/** Null stands for what stays as it is. */
const fenced = statement((db, given: Given<Fenced>) =>
  db
    .updateTable('runs')
    .set({
      touched_at: given(({ at }) => at),
      status: sql<StoredStatus>`coalesce(${given(({ status }) => status)}, status)`,
      started_at: sql<number>`coalesce(started_at, ${given(({ started_at }) => started_at)})`,
      finished_at: given(({ finished_at }) => finished_at),
      response: given(({ response }) => response),
      last_event_id: sql<number>`last_event_id + ${given(({ events }) => events)}`,
    })
    .where(
      'tenant',
      '=',
      given(({ tenant }) => tenant),
    )
    .where(
      'run_id',
      '=',
      given(({ run_id }) => run_id),
    )
    .where(
      'epoch',
      '=',
      given(({ epoch }) => epoch),
    )
    .where('status', 'in', OPEN)
    .returning(['last_event_id', 'cancel_requested_at', sql<boolean | 0 | 1>`webhook is not null`.as('has_webhook')]),
)

const fencedBy = (clinical: Clinical, lease: Lease, { at, finish, status, events = [] }: Change): Fenced => ({
  ...lease,
  at,
  status: finish?.status ?? status ?? null,
  started_at: status === 'running' ? at : null,
  // Only open runs are met: they have no end yet.
  finished_at: finish ? at : null,
  response: finish ? clinical.seal(finish.response, 'runs.response', lease.tenant, lease.run_id) : null,
  events: events.length,
})

const insertTasks = insertion(
  'tasks',
  ['tenant', 'run_id', 'task_id', 'epoch', 'status', 'model', 'recorded_at', 'attempts', 'outcome'],
  (insert) => insert.onConflict((oc) => oc.columns(['tenant', 'run_id', 'task_id']).doNothing()).returning('task_id'),
)

/** Returns the ids of those that had an outcome already. */
async function insertOutcomes(trx: Db, clinical: Clinical, lease: Lease, { at, outcomes = [] }: Change) {
  const { tenant, run_id, epoch } = lease
  const rows = outcomes.map(({ task_id, outcome: { attempts, ...rest } }: { task_id: string; outcome: Outcome }) => ({
    tenant,
    run_id,
    task_id: storable('task_id', task_id),
    epoch,
    status: rest.status,
    model: rest.model,
    recorded_at: at,
    attempts: JSON.stringify(attempts),
    outcome: clinical.seal(rest, 'tasks.outcome', tenant, run_id, task_id),
  }))
  const fresh = new Set((await insertTasks(trx, rows)).map(({ task_id }) => task_id))
  return outcomes.map(({ task_id }) => task_id).filter((id) => !fresh.has(id))
}

const insertEventRows = insertion('events', ['tenant', 'run_id', 'id', 'event', 'at', 'data'], (insert) => insert)

async function insertEvents(trx: Db, clinical: Clinical, lease: Lease, change: Change, lastId: number): Promise<void> {
  const { tenant, run_id } = lease
  const { at, events = [] } = change
  const before = lastId - events.length
  const rows = events.map(({ event, data }, index) => {
    const id = before + index + 1
    return { tenant, run_id, id, event, at, data: clinical.seal(data, 'events.data', tenant, run_id, `${id}`) }
  })
  await insertEventRows(trx, rows)
}

const insertApprovalRows = insertion(
  'approvals',
  [
    'tenant',
    'approval_id',
    'run_id',
    'task_id',
    'status',
    'created_at',
    'expires_at',
    'decided_at',
    'decided_by',
    'document',
    'decision',
  ],
  (insert) => insert,
)

async function insertApprovals(
  trx: Db,
  clinical: Clinical,
  lease: Lease,
  { at, approvals = [] }: Change,
): Promise<void> {
  const { tenant, run_id } = lease
  const rows = approvals.map(({ approval_id, task_id, expires_at, document }) => ({
    tenant,
    approval_id: storable('approval_id', approval_id),
    run_id,
    task_id,
    status: 'pending' as const,
    created_at: at,
    expires_at,
    decided_at: null,
    decided_by: null,
    document: clinical.seal(document, 'approvals.document', tenant, approval_id),
    decision: null,
  }))
  await insertApprovalRows(trx, rows)
}

/** One conditional update decides; only then does anything else of the change go in. */
export async function record(trx: Db, clinical: Clinical, lease: Lease, change: Change): Promise<Recorded> {
  const [written] = (await fenced(trx, fencedBy(clinical, lease, change))).rows
  if (written === undefined) return whyRefused(trx, lease)
  const { has_webhook, ...run } = written
  const kept = await insertOutcomes(trx, clinical, lease, change)
  await insertEvents(trx, clinical, lease, change, run.last_event_id)
  await insertApprovals(trx, clinical, lease, change)
  if (change.finish && has_webhook) await insertDelivery(trx, lease, 'run.finished', change.at)
  return { ok: true, ...run, kept }
}
