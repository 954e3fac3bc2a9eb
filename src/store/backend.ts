import type { Kysely } from 'kysely'
import type { AuditEntry } from './audit/entry.ts'
import type { SchemaState } from './records.ts'
import type { Tables } from './tables.ts'

export type Db = Kysely<Tables>

/**
 * One unit of work inside a transaction. It may be run again from its beginning after a conflict, so it touches nothing
 * but the database; what it puts into `trail` is appended to its tenant's audit chain before the commit.
 */
export type Work<T> = (trx: Db, trail: AuditEntry[]) => Promise<T>

/** What a kind of database has to offer; the queries are shared. All of it throws StoreError. */
export interface Backend {
  /** `lazy`: killing the process takes nothing of it away, but power loss within a second may. @default false */
  write<T>(tenant: string, work: Work<T>, lazy?: boolean): Promise<T>
  read<T>(tenant: string, query: (db: Db) => Promise<T>): Promise<T>
  /** Reads or writes across tenants, for recovery and housekeeping; leaves no audit. */
  across<T>(query: (db: Db) => Promise<T>): Promise<T>
  /** Whether it compares vectors itself (`vec_distance_cosine`). @default () => false */
  comparesVectors?: () => boolean
  /** Whether a column takes values of any type, whatever it was declared as. @default false */
  takesAnyType?: boolean
  migrate(): Promise<string[]>
  schema(): Promise<SchemaState>
  /** Resolves when what was written lazily before is safe from power loss too. */
  settled(): Promise<void>
  ping(): Promise<void>
  close(): Promise<void>
}
