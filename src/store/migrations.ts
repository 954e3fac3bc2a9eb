import type { Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { createInitial, type Types } from './migrations/0001-initial.ts'
import { createWebhooks } from './migrations/0002-webhooks.ts'
import { createMemory } from './migrations/0003-memory.ts'
import { createSpending } from './migrations/0004-spending.ts'
import { addMemoryOrigin } from './migrations/0005-memory-origin.ts'
import { guardAudit } from './migrations/0006-audit-guard.ts'
import type { SchemaState } from './records.ts'
import type { Tables } from './tables.ts'

export type Migrations = Readonly<Record<string, Migration>>

/**
 * In order of their names. A migration may only add (tables, columns with a default, indexes), so that the version
 * before it goes on working on the new schema; what goes away goes one version later.
 */
export const migrationsFor = (types: Types): Migrations => ({
  '0001-initial': { up: (db) => createInitial(db, types) },
  '0002-webhooks': { up: (db) => createWebhooks(db, types) },
  '0003-memory': { up: (db) => createMemory(db, types) },
  '0004-spending': { up: (db) => createSpending(db, types) },
  '0005-memory-origin': { up: addMemoryOrigin },
  '0006-audit-guard': { up: (db) => guardAudit(db, types) },
})

const migratorOf = (db: Kysely<Tables>, migrations: Migrations): Migrator =>
  new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } })

/** Compares what the database has with what this version brings. Changes nothing. */
export async function schemaState(db: Kysely<Tables>, migrations: Migrations): Promise<SchemaState> {
  const names = Object.keys(migrations)
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(({ name }) => name === 'kysely_migration')) return { pending: names, newer: [] }
  const rows = await db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .execute()
  const applied = new Set(rows.map(({ name }) => name))
  return {
    pending: names.filter((name) => !applied.has(name)),
    newer: [...applied].filter((name) => !names.includes(name)).sort(),
  }
}

/**
 * Applies what is pending, all in one transaction under a lock: killed in the middle it has done nothing. On a database
 * of a newer version it leaves everything as it is.
 * @returns the names that it applied
 */
export async function migrate(db: Kysely<Tables>, migrations: Migrations): Promise<string[]> {
  const { newer, pending } = await schemaState(db, migrations)
  if (newer.length > 0 && pending.length === 0) return []
  const { error, results = [] } = await migratorOf(db, migrations).migrateToLatest()
  if (error !== undefined) throw error
  return results.map(({ migrationName }) => migrationName)
}
