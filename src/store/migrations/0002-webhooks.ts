import { type Kysely, sql } from 'kysely'
import type { Types } from './0001-initial.ts'
import { wallOff } from './walls.ts'

/** A run may name a URL that is told of its end; each telling is a row. The URL stands with the run only. */
export async function createWebhooks(db: Kysely<unknown>, { integer, bytes }: Types): Promise<void> {
  await db.schema.alterTable('runs').addColumn('webhook', sql.raw(bytes)).execute()
  await db.schema
    .createTable('webhook_deliveries')
    .addColumn('tenant', 'text', (col) => col.notNull())
    .addColumn('run_id', 'text', (col) => col.notNull())
    .addColumn('event', 'text', (col) => col.notNull())
    .addColumn('status', 'text', (col) => col.notNull())
    .addColumn('attempts', integer, (col) => col.notNull())
    .addColumn('next_at', integer)
    .addColumn('last_error', 'text')
    .addColumn('created_at', integer, (col) => col.notNull())
    .addColumn('delivered_at', integer)
    .addPrimaryKeyConstraint('webhook_deliveries_key', ['tenant', 'run_id', 'event'])
    .execute()
  await sql`create index webhook_deliveries_due on webhook_deliveries (next_at) where status = 'pending'`.execute(db)
  if (bytes === 'bytea') await wallOff(db, ['webhook_deliveries'])
}
