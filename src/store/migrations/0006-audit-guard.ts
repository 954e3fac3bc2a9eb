import { type Kysely, sql } from 'kysely'
import type { Types } from './0001-initial.ts'

/**
 * Entries are numbered from 1. What is there already is not looked at: that is for the verification, and a forged entry
 * must not keep the service from starting. SQLite adds no check to a table that is there; whoever has its file could
 * drop one anyway.
 */
export async function guardAudit(db: Kysely<unknown>, { bytes }: Types): Promise<void> {
  if (bytes !== 'bytea') return
  await sql`alter table audit add constraint audit_seq_from_one check (seq > 0) not valid`.execute(db)
}
