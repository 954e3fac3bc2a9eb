import { sql } from 'kysely'
import type { Outcome } from '../../contract/outcome.ts'
import type { Db } from '../backend.ts'
import type { Clinical } from '../clinical.ts'
import type { Change, Lease, Recorded } from '../records.ts'
import { storable } from '../text.ts'
import { insertDelivery } from './deliveries.ts'
import { OPEN, whyRefused } from './open.ts'
import { pages } from './pages.ts'

function fenced(trx: Db, clinical: Clinical, { tenant, run_id, epoch }: Lease, change: Change) {
  const { at, finish, status, events = [] } = change
  return trx
    .updateTable('runs')
    .set({
      touched_at: at,
      ...(status && { status }),
      ...(status === 'running' && { started_at: sql<number>`coalesce(started_at, ${at})` }),
      ...(events.length > 0 && { last_event_id: sql<number>`last_event_id + ${events.length}` }),
      ...(finish && {
        status: finish.status,
        finished_at: at,
        response: clinical.seal(finish.response, 'runs.response', tenant, run_id),
      }),
    })
    .where('tenant', '=', tenant)
    .where('run_id', '=', run_id)
    .where('epoch', '=', epoch)
    .where('status', 'in', OPEN)
    .returning(['last_event_id', 'cancel_requested_at', sql<boolean | 0 | 1>`webhook is not null`.as('has_webhook')])
    .executeTakeFirst()
}

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
  const fresh = new Set<string>()
  for (const page of pages(rows)) {
    const added = await trx
      .insertInto('tasks')
      .values(page)
      .onConflict((oc) => oc.columns(['tenant', 'run_id', 'task_id']).doNothing())
      .returning('task_id')
      .execute()
    for (const { task_id } of added) fresh.add(task_id)
  }
  return outcomes.map(({ task_id }) => task_id).filter((id) => !fresh.has(id))
}

async function insertEvents(trx: Db, clinical: Clinical, lease: Lease, change: Change, lastId: number): Promise<void> {
  const { tenant, run_id } = lease
  const { at, events = [] } = change
  const before = lastId - events.length
  const rows = events.map(({ event, data }, index) => {
    const id = before + index + 1
    return { tenant, run_id, id, event, at, data: clinical.seal(data, 'events.data', tenant, run_id, `${id}`) }
  })
  for (const page of pages(rows)) await trx.insertInto('events').values(page).execute()
}

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
  for (const page of pages(rows)) await trx.insertInto('approvals').values(page).execute()
}

/** One conditional update decides; only then does anything else of the change go in. */
export async function record(trx: Db, clinical: Clinical, lease: Lease, change: Change): Promise<Recorded> {
  const written = await fenced(trx, clinical, lease, change)
  if (written === undefined) return whyRefused(trx, lease)
  const { has_webhook, ...run } = written
  const kept = await insertOutcomes(trx, clinical, lease, change)
  await insertEvents(trx, clinical, lease, change, run.last_event_id)
  await insertApprovals(trx, clinical, lease, change)
  if (change.finish && has_webhook) await insertDelivery(trx, lease, 'run.finished', change.at)
  return { ok: true, ...run, kept }
}
