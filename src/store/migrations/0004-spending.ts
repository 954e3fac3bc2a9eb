import type { Kysely } from 'kysely'
import type { Types } from './0001-initial.ts'
import { wallOff } from './walls.ts'

/** What callers and tenants have spent on models with a price, by day, and what is set aside for calls in flight. */
export async function createSpending(db: Kysely<unknown>, { integer, bytes }: Types): Promise<void> {
  await db.schema
    .createTable('spending')
    .addColumn('tenant', 'text', (col) => col.notNull())
    // Empty: all callers of the tenant together.
    .addColumn('caller', 'text', (col) => col.notNull())
    .addColumn('day', 'text', (col) => col.notNull())
    .addColumn('spent', integer, (col) => col.notNull())
    .addColumn('aside', integer, (col) => col.notNull())
    .addPrimaryKeyConstraint('spending_key', ['tenant', 'day', 'caller'])
    .execute()
  if (bytes === 'bytea') await wallOff(db, ['spending'])
}
