import type { Db } from '../backend.ts'
import type { Lease, OpenStatus, Refusal } from '../records.ts'

export const OPEN: readonly OpenStatus[] = ['queued', 'running', 'awaiting_approval']

/** Why a conditional write met no row. */
export async function whyRefused(db: Db, { tenant, run_id, epoch }: Lease): Promise<Refusal> {
  const run = await db
    .selectFrom('runs')
    .select(['status', 'epoch'])
    .where('tenant', '=', tenant)
    .where('run_id', '=', run_id)
    .executeTakeFirst()
  if (run === undefined) return { ok: false, reason: 'not_found' }
  return { ok: false, reason: run.epoch === epoch ? 'finished' : 'stale' }
}
