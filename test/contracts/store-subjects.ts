import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Keys } from '../../src/store/cipher.ts'
import type { Store } from '../../src/store/port.ts'
import { openPostgresStore, type PostgresOptions } from '../../src/store/postgres/open.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'

const SERVER = process.env.TEST_DATABASE_URL || 'postgres://postgres@127.0.0.1:5432/postgres'

async function onServer<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: SERVER, connectionTimeoutMillis: 2000 })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

// Only a port where nobody listens counts as not there: a server in trouble shall not skip the checks.
const isThere = await onServer(async () => true).catch((error) => {
  if (error.code === 'ECONNREFUSED') return false
  throw error
})
/** Named by hand, it must be there. */
export const postgresIsWanted: boolean = isThere || Boolean(process.env.TEST_DATABASE_URL)

export interface PostgresDatabase {
  url: string
  options: (given?: Partial<PostgresOptions>) => PostgresOptions
  drop: () => Promise<void>
}

/** An empty database of its own. */
export async function createDatabase(): Promise<PostgresDatabase> {
  const name = `consilium_test_${randomUUID().replaceAll('-', '')}`
  await onServer((client) => client.query(`create database ${name}`))
  const url = Object.assign(new URL(SERVER), { pathname: `/${name}` }).href
  const options = (given: Partial<PostgresOptions> = {}): PostgresOptions => ({
    url,
    connections: 4,
    waiting: 1000,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 5000,
    onError: () => {},
    keys: null,
    ...given,
  })
  const drop = () => onServer(async (client) => void (await client.query(`drop database ${name} with (force)`)))
  return { url, options, drop }
}

export interface Subject {
  store: Store
  /** The bytes of all rows, as whoever steals the database sees them. */
  rawBytes: () => Promise<string>
  close: () => Promise<void>
}

export interface SubjectKind {
  name: string
  open: (keys?: Keys | null) => Promise<Subject>
}

async function openSqlite(keys: Keys | null = null): Promise<Subject> {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-store-'))
  const store = openSqliteStore({ folder, keys })
  await store.migrate()
  return {
    store,
    async rawBytes() {
      const { readFileSync } = await import('node:fs')
      return ['consilium.db', 'consilium.db-wal'].map((file) => readFileSync(join(folder, file), 'latin1')).join()
    },
    async close() {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}

async function openPostgres(keys: Keys | null = null): Promise<Subject> {
  const database = await createDatabase()
  const store = openPostgresStore(database.options({ keys }))
  await store.migrate()
  return {
    store,
    async rawBytes() {
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      const tables = ['runs', 'tasks', 'events', 'approvals', 'idempotency_keys', 'audit', 'webhook_deliveries']
      const all: string[] = []
      for (const table of tables) {
        const { rows } = await client.query(`select * from ${table}`)
        for (const row of rows)
          for (const value of Object.values(row))
            all.push(value instanceof Buffer ? value.toString('latin1') : `${value}`)
      }
      await client.end()
      return all.join('\n')
    },
    async close() {
      await store.close()
      await database.drop()
    },
  }
}

/** Everything that says it is a Store. */
export const kinds: readonly SubjectKind[] = [
  { name: 'SQLite', open: openSqlite },
  ...(postgresIsWanted ? [{ name: 'PostgreSQL', open: openPostgres }] : []),
]
if (!postgresIsWanted)
  console.info('skipped: no PostgreSQL at 127.0.0.1:5432 and TEST_DATABASE_URL is not set, its store is not checked')
