import type { Db } from '../backend.ts'
import type { Deleted } from '../records.ts'

export const NOTHING: Readonly<Deleted> = Object.freeze({
  runs: 0,
  tasks: 0,
  events: 0,
  approvals: 0,
  idempotency_keys: 0,
  webhook_deliveries: 0,
})

/** 9999-12-31: days are compared as text, and further ones are written longer. */
const LAST_DAY = 253_402_214_400_000

export async function tenantsWithFinished(db: Db, before: number): Promise<string[]> {
  const rows = await db.selectFrom('runs').select('tenant').distinct().where('finished_at', '<', before).execute()
  return rows.map(({ tenant }) => tenant)
}

/** Deletes the oldest finished runs of a tenant and all that belongs to them; 1000 at most. */
export async function deleteFinished(trx: Db, tenant: string, before: number, limit: number): Promise<Deleted> {
  const old = await trx
    .selectFrom('runs')
    .select('run_id')
    .where('tenant', '=', tenant)
    .where('finished_at', '<', before)
    .orderBy('finished_at')
    .limit(Math.min(limit, 1000))
    .execute()
  if (old.length === 0) return NOTHING
  // What was spent on days of which no run is kept any more binds nobody.
  const first_day = new Date(Math.min(before, LAST_DAY)).toISOString().slice(0, 10)
  await trx.deleteFrom('spending').where('tenant', '=', tenant).where('day', '<', first_day).execute()
  const ids = old.map(({ run_id }) => run_id)
  const drop = async (table: keyof Deleted): Promise<number> => {
    const { numDeletedRows } = await trx
      .deleteFrom(table)
      .where('tenant', '=', tenant)
      .where('run_id', 'in', ids)
      .executeTakeFirst()
    return Number(numDeletedRows)
  }
  return {
    tasks: await drop('tasks'),
    events: await drop('events'),
    approvals: await drop('approvals'),
    idempotency_keys: await drop('idempotency_keys'),
    webhook_deliveries: await drop('webhook_deliveries'),
    runs: await drop('runs'),
  }
}

/** When the run ended that ended first; null when none has. */
export async function oldestFinished(db: Db): Promise<number | null> {
  const row = await db
    .selectFrom('runs')
    .select('finished_at')
    .where('finished_at', 'is not', null)
    .orderBy('finished_at')
    .limit(1)
    .executeTakeFirst()
  return row?.finished_at ?? null
}
