import { sql } from 'kysely'
import type { Bound } from '../../contract/budget.ts'
import type { Db } from '../backend.ts'

const rowOf = ({ account: { tenant, caller, day } }: Bound) => ({ tenant, caller: caller ?? '', day })

/** One conditional statement decides: whoever comes beside it waits for the row, and sees what was set aside. */
async function setAside(trx: Db, bound: Bound, amount: number): Promise<boolean> {
  const { limit } = bound
  if (amount > limit) return false
  const set = await trx
    .insertInto('spending')
    .values({ ...rowOf(bound), spent: 0, aside: amount })
    .onConflict((oc) =>
      oc
        .columns(['tenant', 'day', 'caller'])
        .doUpdateSet({ aside: sql<number>`spending.aside + ${amount}` })
        .where(sql<number>`spending.spent + spending.aside + ${amount}`, '<=', limit),
    )
    .returning('day')
    .execute()
  return set.length === 1
}

const move = (trx: Db, bound: Bound, aside: number, spent: number) => {
  const { tenant, caller, day } = rowOf(bound)
  return trx
    .updateTable('spending')
    .set({ aside: sql<number>`aside + ${aside}`, spent: sql<number>`spent + ${spent}` })
    .where('tenant', '=', tenant)
    .where('caller', '=', caller)
    .where('day', '=', day)
    .execute()
}

/** Sets the amount aside in every account, or in none. */
export async function reserve(trx: Db, bounds: readonly Bound[], amount: number): Promise<boolean> {
  for (const [index, bound] of bounds.entries()) {
    if (await setAside(trx, bound, amount)) continue
    for (const before of bounds.slice(0, index)) await move(trx, before, -amount, 0)
    return false
  }
  return true
}

export async function settle(trx: Db, bounds: readonly Bound[], amount: number, spent: number): Promise<void> {
  for (const bound of bounds) await move(trx, bound, -amount, spent)
}

/** What is spent and set aside on a day, in billionths of a US dollar; callers that spent nothing are not in it. */
export const spendingOn = (db: Db, tenant: string, day: string) =>
  db
    .selectFrom('spending')
    .select(['caller', 'spent', 'aside'])
    .where('tenant', '=', tenant)
    .where('day', '=', day)
    .orderBy('caller')
    .limit(1000)
    .execute()
