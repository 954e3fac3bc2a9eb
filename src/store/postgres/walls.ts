import { type CompiledQuery, sql } from 'kysely'
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

/**
 * A plan that PostgreSQL keeps for a named statement is the one that looked best when the tables were empty, until somebody
 * has analysed them: with it a run was looked for among all of its tenant. Made anew it costs little.
 */
const PLANS_ANEW = sql`set_config('plan_cache_mode', 'force_custom_plan', true)`

/** Sets for this transaction whose rows it may see, and how it commits. One statement. */
export const behindWall = (db: Db, { tenant, stepsDown, lazy }: Side): CompiledQuery =>
  sql`select set_config('consilium.tenant', ${tenant}, true), set_config('consilium.scope', '', true), ${PLANS_ANEW}
    ${lazy ? sql`, set_config('synchronous_commit', 'off', true)` : sql``}
    ${stepsDown ? sql`, set_config('role', ${ROLE}, true)` : sql``}`.compile(db)

/** For recovery and housekeeping: all tenants. */
export const overWalls = (db: Db, stepsDown: boolean): CompiledQuery =>
  sql`select set_config('consilium.scope', 'all', true), ${PLANS_ANEW}
    ${stepsDown ? sql`, set_config('role', ${ROLE}, true)` : sql``}`.compile(db)

/** Whether row-level security does not bind the user that we connect as. */
export async function isAboveWalls(db: Db): Promise<boolean> {
  const { rows } = await sql<{ above: boolean }>`
    select rolsuper or rolbypassrls as above from pg_roles where rolname = current_user`.execute(db)
  return rows[0]?.above ?? false
}

/** Entries are added and never changed; of a chain only its head moves. */
const AUDIT: readonly string[] = ['audit', 'audit_heads']

/** Any number of ours: replicas that start together take turns, because PostgreSQL fails one of two GRANTs at once. */
const TURN = 4_711_001

/** Makes the role where it is needed; may be repeated, also by several at once. */
export const prepareRole = (db: Db): Promise<void> =>
  db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${TURN})`.execute(trx)
    await sql`do $$ begin
      create role ${sql.id(ROLE)} nologin;
    exception when duplicate_object or unique_violation then null; end $$`.execute(trx)
    const names = (tables: readonly string[]) => sql.join(tables.map((table) => sql.table(table)))
    const others = PER_TENANT.filter((table) => !AUDIT.includes(table))
    await sql`grant select, insert, update, delete on ${names(others)} to ${sql.id(ROLE)}`.execute(trx)
    await sql`grant select, insert on ${names(AUDIT)} to ${sql.id(ROLE)}`.execute(trx)
    await sql`grant update on audit_heads to ${sql.id(ROLE)}`.execute(trx)
    // Earlier versions gave them.
    await sql`revoke update on audit from ${sql.id(ROLE)}`.execute(trx)
    await sql`revoke delete on ${names(AUDIT)} from ${sql.id(ROLE)}`.execute(trx)
  })
