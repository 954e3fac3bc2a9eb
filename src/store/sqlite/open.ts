import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely, sql } from 'kysely'
import { ConfigError } from '../../errors.ts'
import type { Backend, Db } from '../backend.ts'
import { createCipher, type Keys } from '../cipher.ts'
import { createClinical } from '../clinical.ts'
import { GroupCommit } from '../group-commit.ts'
import { type Migrations, migrate, migrationsFor, schemaState } from '../migrations.ts'
import type { Store } from '../port.ts'
import { createSqlStore } from '../sql-store.ts'
import type { Tables } from '../tables.ts'
import { NodeSqliteDialect } from './dialect.ts'
import { asStoreError } from './faults.ts'
import { DATABASE_FILE, openFile } from './file.ts'
import { lockFolder } from './lock.ts'
import { transactionsOf } from './transactions.ts'
import { lockExtensions, vectorsOf } from './vectors.ts'
import { WalFlush } from './wal-flush.ts'

export interface SqliteOptions {
  /** Made when it is not there. One process at a time. Null: in memory, gone when it is closed. */
  folder: string | null
  keys: Keys | null
  /** Told, once, when this machine has no sqlite-vec: memories are then compared more slowly. @default nobody */
  onNoVectors?: (error: unknown) => void
}

export const SQLITE_MIGRATIONS = migrationsFor({ integer: 'integer', bytes: 'blob' })

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asStoreError(error)
  }
}

interface Opened {
  database: DatabaseSync
  /** Where commits stand until a checkpoint; null in memory. */
  wal: string | null
  release: () => void
}

function createBackend(
  { database, wal, release }: Opened,
  migrations: Migrations,
  onNoVectors: SqliteOptions['onNoVectors'],
): Backend {
  const db: Db = new Kysely<Tables>({ dialect: new NodeSqliteDialect(database) })
  const inTransaction = transactionsOf(database)
  const flush = wal === null ? null : new WalFlush(wal)
  const transact = <T>(_: string, lazy: boolean, body: (trx: Db) => Promise<T>): Promise<T> =>
    guarded(async () => {
      const ours = flush?.works ? flush : null
      const result = await inTransaction(db, ours === null, body)
      if (lazy) ours?.soon()
      else await ours?.now()
      return result
    })
  // One connection: one lane for all tenants.
  const commits = new GroupCommit(transact, () => '')
  return {
    write: (tenant, work, lazy) => commits.write(tenant, work, lazy),
    read: (_, query) => guarded(() => query(db)),
    across: (query) => guarded(() => query(db)),
    comparesVectors: vectorsOf(database, onNoVectors),
    takesAnyType: true,
    migrate: () => guarded(() => migrate(db, migrations)),
    schema: () => guarded(() => schemaState(db, migrations)),
    settled: () => flush?.settled() ?? Promise.resolve(),
    ping: () => guarded(async () => void (await sql`select 1`.execute(db))),
    async close() {
      await commits.idle()
      try {
        // Closing does it too, unless somebody else reads the database just then.
        await flush?.settled()
      } finally {
        await flush?.close()
        if (database.isOpen) database.close()
        release()
      }
    },
  }
}

function openFolder(folder: string): Opened {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new ConfigError(`DATA_DIR ${folder} cannot be made: ${(cause as Error).message}`, { cause })
  }
  const lock = lockFolder(folder)
  try {
    const path = join(folder, DATABASE_FILE)
    return { database: openFile(path), wal: `${path}-wal`, release: () => lock.release() }
  } catch (error) {
    lock.release()
    throw error
  }
}

function openMemory(): Opened {
  const database = new DatabaseSync(':memory:', { allowExtension: true })
  lockExtensions(database)
  return { database, wal: null, release: () => undefined }
}

/**
 * The store in one file of a folder. Throws ConfigError: another process has the folder, it cannot be written, the
 * file is torn, corrupt or another program's.
 */
export function openSqliteStore(
  { folder, keys, onNoVectors }: SqliteOptions,
  migrations: Migrations = SQLITE_MIGRATIONS,
): Store {
  const opened = folder === null ? openMemory() : openFolder(folder)
  return createSqlStore(createBackend(opened, migrations, onNoVectors), createClinical(createCipher(keys)))
}
