import { sql } from 'kysely'
import type { Db } from '../backend.ts'
import type { CancelAsked, Claimed, Lease, OpenStatus, RunRecord, Unfinished } from '../records.ts'
import { type Given, statement } from '../statement.ts'
import { OPEN, whyRefused } from './open.ts'
import { RECORD } from './runs.ts'

/** Raises the epoch and sets the owner, if the run is as it was seen; null gives it back to the queue. */
export async function claim(trx: Db, seen: Lease, owner: string | null, at: number): Promise<Claimed> {
  const { tenant, run_id } = seen
  const claimed = await trx
    .updateTable('runs')
    .set({ epoch: sql<number>`epoch + 1`, owner, touched_at: at, ...(owner === null && { status: 'queued' as const }) })
    .where('tenant', '=', tenant)
    .where('run_id', '=', run_id)
    .where('epoch', '=', seen.epoch)
    .where('status', 'in', OPEN)
    .returning('epoch')
    .executeTakeFirst()
  if (claimed === undefined) return whyRefused(trx, seen)
  return { ok: true, lease: { tenant, run_id, epoch: claimed.epoch } }
}

export async function requestCancel(trx: Db, tenant: string, runId: string, at: number): Promise<CancelAsked> {
  const asked = await trx
    .updateTable('runs')
    .set({ cancel_requested_at: sql<number>`coalesce(cancel_requested_at, ${at})` })
    .where('tenant', '=', tenant)
    .where('run_id', '=', runId)
    .where('status', 'in', OPEN)
    .returning(['status', 'epoch'])
    .executeTakeFirst()
  if (asked !== undefined) return { ok: true, status: asked.status as OpenStatus, epoch: asked.epoch }
  const found = await trx
    .selectFrom('runs')
    .select('run_id')
    .where('tenant', '=', tenant)
    .where('run_id', '=', runId)
    .executeTakeFirst()
  return { ok: false, reason: found === undefined ? 'not_found' : 'finished' }
}

/** Spelled out: with parameters SQLite does not find the index on such runs, and reads the whole table. */
const AT_WORK = sql<boolean>`status in ('queued', 'running')`

const touch = statement((db, given: Given<{ owner: string; at: number }>) =>
  db
    .updateTable('runs')
    .set({ touched_at: given(({ at }) => at) })
    .where(
      'owner',
      '=',
      given(({ owner }) => owner),
    )
    .where(AT_WORK),
)

export const heartbeat = async (db: Db, owner: string, at: number): Promise<number> =>
  Number((await touch(db, { owner, at })).numAffectedRows)

export const unfinished = (db: Db, query: Unfinished): Promise<RunRecord[]> =>
  db
    .selectFrom('runs')
    .select(RECORD)
    .where(AT_WORK)
    .$if(query.others_than !== undefined, (qb) => qb.where('owner', '<>', query.others_than as string))
    .$if(query.owner === null, (qb) => qb.where('owner', 'is', null))
    .$if(typeof query.owner === 'string', (qb) => qb.where('owner', '=', query.owner as string))
    .$if(query.untouched_since !== undefined, (qb) => qb.where('touched_at', '<', query.untouched_since as number))
    .orderBy('touched_at')
    .orderBy('run_id')
    .limit(query.limit)
    .execute()
