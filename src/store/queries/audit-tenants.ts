import { sql } from 'kysely'
import { type AuditTenants, type FoundName, sortNames } from '../audit/tenants.ts'
import type { Db } from '../backend.ts'

/** From one name to the next along the primary key: `distinct` would read every entry. */
const NAMES = sql`with recursive names (name) as (
  select min(tenant) from audit
  union all
  select (select min(tenant) from audit where tenant > names.name) from names where names.name is not null
)`

/** `takesAnyType`: names may be there that are no text, or none that can be read back. */
export async function auditTenants(db: Db, takesAnyType: boolean): Promise<AuditTenants> {
  if (takesAnyType) {
    const { rows } =
      await sql<FoundName>`${NAMES} select name, hex(name) as hex from names where name is not null`.execute(db)
    return sortNames(rows)
  }
  const { rows } = await sql<{ name: string }>`${NAMES} select name from names where name is not null`.execute(db)
  return { tenants: rows.map(({ name }) => name), strange: [] }
}

/** For databases that take any type only. */
export async function auditStrays(db: Db, tenant: string): Promise<boolean> {
  const { rows } = await sql`select 1 from audit where tenant = cast(${tenant} as blob) limit 1`.execute(db)
  return rows.length > 0
}
