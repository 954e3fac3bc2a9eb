import type { Selectable } from 'kysely'
import type { Db } from '../backend.ts'
import type { Clinical } from '../clinical.ts'
import type { Approval, Decided, Decision, WaitingApprovals } from '../records.ts'
import type { ApprovalsTable } from '../tables.ts'
import { OPEN } from './open.ts'

function opened(clinical: Clinical, { tenant, ...row }: Selectable<ApprovalsTable>): Approval {
  const { approval_id, document, decision } = row
  return {
    ...row,
    document: clinical.open(document, 'approvals.document', tenant, approval_id),
    decision: decision && clinical.open(decision, 'approvals.decision', tenant, approval_id),
  }
}

const ofTenant = (db: Db, tenant: string) => db.selectFrom('approvals').selectAll().where('tenant', '=', tenant)

export async function approval(db: Db, clinical: Clinical, tenant: string, id: string): Promise<Approval | null> {
  const row = await ofTenant(db, tenant).where('approval_id', '=', id).executeTakeFirst()
  return row === undefined ? null : opened(clinical, row)
}

export async function approvals(db: Db, clinical: Clinical, tenant: string, runId: string): Promise<Approval[]> {
  const rows = await ofTenant(db, tenant)
    .where('run_id', '=', runId)
    .orderBy('created_at')
    .orderBy('approval_id')
    .execute()
  return rows.map((row) => opened(clinical, row))
}

/** Those of runs that have ended are pending for ever, and nobody waits for them. */
export async function waitingApprovals(db: Db): Promise<WaitingApprovals> {
  const { count, oldest_at } = await db
    .selectFrom('approvals')
    .innerJoin('runs', (join) =>
      join.onRef('runs.tenant', '=', 'approvals.tenant').onRef('runs.run_id', '=', 'approvals.run_id'),
    )
    .select(({ fn }) => [fn.countAll().as('count'), fn.min('approvals.created_at').as('oldest_at')])
    .where('approvals.status', '=', 'pending')
    .where('runs.status', 'in', OPEN)
    .executeTakeFirstOrThrow()
  return { count: Number(count), oldest_at: oldest_at === null ? null : Number(oldest_at) }
}

/** A run that waited for this decision may go on: whoever claims it first does. */
const requeue = (trx: Db, tenant: string, runId: string, at: number) =>
  trx
    .updateTable('runs')
    .set({ status: 'queued', owner: null, touched_at: at })
    .where('tenant', '=', tenant)
    .where('run_id', '=', runId)
    .where('status', '=', 'awaiting_approval')
    .execute()

/** Runs of all tenants that wait although nothing is pending: a process died between a decision and its consequence. */
export async function requeueDecided(db: Db, at: number): Promise<number> {
  const { numUpdatedRows } = await db
    .updateTable('runs')
    .set({ status: 'queued', owner: null, touched_at: at })
    .where('status', '=', 'awaiting_approval')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('approvals')
            .select('approvals.run_id')
            .whereRef('approvals.tenant', '=', 'runs.tenant')
            .whereRef('approvals.run_id', '=', 'runs.run_id')
            .where('approvals.status', '=', 'pending'),
        ),
      ),
    )
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

export async function decide(
  trx: Db,
  clinical: Clinical,
  tenant: string,
  id: string,
  decision: Decision,
): Promise<Decided> {
  const row = await trx
    .updateTable('approvals')
    .set({
      status: decision.status,
      decided_at: decision.at,
      decided_by: decision.by,
      decision: clinical.seal(decision.content, 'approvals.decision', tenant, id),
    })
    .where('tenant', '=', tenant)
    .where('approval_id', '=', id)
    .where('status', '=', 'pending')
    .where('expires_at', '>', decision.at)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('runs')
          .select('runs.run_id')
          .where('runs.tenant', '=', tenant)
          .whereRef('runs.run_id', '=', 'approvals.run_id')
          .where('runs.status', 'in', OPEN),
      ),
    )
    .returningAll()
    .executeTakeFirst()
  if (row !== undefined) {
    await requeue(trx, tenant, row.run_id, decision.at)
    return { ok: true, approval: opened(clinical, row) }
  }
  const kept = await ofTenant(trx, tenant).where('approval_id', '=', id).executeTakeFirst()
  if (kept === undefined) return { ok: false, reason: 'not_found' }
  if (kept.status === 'approved' || kept.status === 'rejected') return { ok: false, reason: 'decided' }
  return { ok: false, reason: kept.status === 'expired' || kept.expires_at <= decision.at ? 'expired' : 'run_finished' }
}

export const overdue = (db: Db, at: number, limit: number): Promise<{ tenant: string; approval_id: string }[]> =>
  db
    .selectFrom('approvals')
    .select(['tenant', 'approval_id'])
    .where('status', '=', 'pending')
    .where('expires_at', '<=', at)
    .orderBy('expires_at')
    .limit(limit)
    .execute()

/** Null when somebody else ended it in the meantime. */
export async function expire(
  trx: Db,
  clinical: Clinical,
  tenant: string,
  id: string,
  at: number,
): Promise<Approval | null> {
  const row = await trx
    .updateTable('approvals')
    .set({ status: 'expired', decided_at: at })
    .where('tenant', '=', tenant)
    .where('approval_id', '=', id)
    .where('status', '=', 'pending')
    .where('expires_at', '<=', at)
    .returningAll()
    .executeTakeFirst()
  if (row === undefined) return null
  await requeue(trx, tenant, row.run_id, at)
  return opened(clinical, row)
}
