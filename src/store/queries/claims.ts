import { sql } from 'kysely'
import type { Db } from '../backend.ts'
import type { AtWork, CancelAsked, Claimed, Lease, OpenStatus, RunRecord, Unfinished } from '../records.ts'
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

/**
 * Rows that somebody is writing just now are passed over where there are several connections: that write is a sign of life
 * itself, or the next beat is. Waiting for them could close a circle with whoever writes several runs at once.
 */
const touch = statement((db, given: Given<{ owner: string; at: number }>) =>
  db
    .updateTable('runs')
    .set({ touched_at: given(({ at }) => at) })
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('tenant', 'run_id'),
        'in',
        selectFrom('runs')
          .select(['tenant', 'run_id'])
          .where(
            'owner',
            '=',
            given(({ owner }) => owner),
          )
          .where(AT_WORK)
          .$if(db.getExecutor().adapter.supportsMultipleConnections !== false, (rows) =>
            rows.forNoKeyUpdate().skipLocked(),
          )
          .$asTuple('tenant', 'run_id'),
      ),
    ),
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

/** A list of its own for each, so that a backlog of one hides nothing of the others. */
const atWorkOf = statement((db, given: Given<{ owner: string; held: number; free: number }>) => {
  const runs = db.selectFrom('runs').select(RECORD).where(AT_WORK).orderBy('touched_at').orderBy('run_id')
  const owner = given((one) => one.owner)
  const held = given((one) => one.held)
  // SQLite takes the limit of a part of a union inside of brackets only.
  const part = (rows: typeof runs) => db.selectFrom(rows.as('part')).selectAll()
  return part(runs.where('owner', '=', owner).limit(held))
    .unionAll(part(runs.where('owner', '<>', owner).limit(held)))
    .unionAll(part(runs.where('owner', 'is', null).limit(given((one) => one.free))))
    .orderBy('touched_at')
    .orderBy('run_id')
})

export async function atWork(db: Db, owner: string, most: { held: number; free: number }): Promise<AtWork> {
  const { rows } = await atWorkOf(db, { owner, ...most })
  const lists = Object.groupBy(rows, (row) => (row.owner === null ? 'free' : row.owner === owner ? 'ours' : 'others'))
  return { ours: lists.ours ?? [], others: lists.others ?? [], free: lists.free ?? [] }
}
