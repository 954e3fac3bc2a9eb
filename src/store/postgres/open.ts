import { Kysely, PostgresDialect } from 'kysely'
import { createCipher, type Keys } from '../cipher.ts'
import { createClinical } from '../clinical.ts'
import { type Migrations, migrationsFor } from '../migrations.ts'
import type { Store } from '../port.ts'
import { createSqlStore } from '../sql-store.ts'
import type { Tables } from '../tables.ts'
import { createPostgresBackend } from './backend.ts'
import { createPool, type PoolOptions } from './pool.ts'

export interface PostgresOptions extends PoolOptions {
  keys: Keys | null
}

export const POSTGRES_MIGRATIONS = migrationsFor({ integer: 'bigint', bytes: 'bytea' })

/** The store in PostgreSQL. Opens no connection yet: the service may start before its database. */
export function openPostgresStore(options: PostgresOptions, migrations: Migrations = POSTGRES_MIGRATIONS): Store {
  const pool = createPool(options)
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  return createSqlStore(createPostgresBackend(db, migrations), createClinical(createCipher(options.keys)))
}
