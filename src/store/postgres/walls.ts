import { sql } from 'kysely'
import type { Db } from '../backend.ts'
import { PER_TENANT } from '../tables.ts'

/** Without login and rights of its own: what a superuser becomes, because row-level security never binds superusers. */
const ROLE = 'consilium_service'

interface Side {
  tenant: string
  stepsDown: boolean
  /** The commit does not wait for the disk; PostgreSQL's own writer flushes it within a second. */
  lazy: boolean
}

/** Sets for this transaction whose rows it may see, and how it commits. One statement. */
export const behindWall = (trx: Db, { tenant, stepsDown, lazy }: Side) =>
  sql`select set_config('consilium.tenant', ${tenant}, true), set_config('consilium.scope', '', true)
    ${lazy ? sql`, set_config('synchronous_commit', 'off', true)` : sql``}
    ${stepsDown ? sql`, set_config('role', ${ROLE}, true)` : sql``}`.execute(trx)

/** For recovery and housekeeping: all tenants. */
export const overWalls = (trx: Db, stepsDown: boolean) =>
  sql`select set_config('consilium.scope', 'all', true)
    ${stepsDown ? sql`, set_config('role', ${ROLE}, true)` : sql``}`.execute(trx)

/** Whether row-level security does not bind the user that we connect as. */
export async function isAboveWalls(db: Db): Promise<boolean> {
  const { rows } = await sql<{ above: boolean }>`
    select rolsuper or rolbypassrls as above from pg_roles where rolname = current_user`.execute(db)
  return rows[0]?.above ?? false
}

/** Any number of ours: replicas that start together take turns, because PostgreSQL fails one of two GRANTs at once. */
const TURN = 4_711_001

/** Makes the role where it is needed; may be repeated, also by several at once. */
export const prepareRole = (db: Db): Promise<void> =>
  db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${TURN})`.execute(trx)
    await sql`do $$ begin
      create role ${sql.id(ROLE)} nologin;
    exception when duplicate_object or unique_violation then null; end $$`.execute(trx)
    const tables = sql.join(PER_TENANT.map((table) => sql.table(table)))
    await sql`grant select, insert, update, delete on ${tables} to ${sql.id(ROLE)}`.execute(trx)
  })
