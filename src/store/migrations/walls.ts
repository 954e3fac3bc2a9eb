import { type Kysely, sql } from 'kysely'

/**
 * The second wall: a query that forgets its tenant sees the rows of its transaction's tenant, of none without one.
 * FORCE, because the owner of a table is exempt otherwise. Superusers always are: pool.ts has them step down.
 */
export async function wallOff(db: Kysely<unknown>, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    const name = sql.table(table)
    await sql`alter table ${name} enable row level security, force row level security`.execute(db)
    await sql`create policy of_tenant on ${name} using (
      tenant = current_setting('consilium.tenant', true) or current_setting('consilium.scope', true) = 'all'
    )`.execute(db)
  }
}
