import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { inspect } from 'node:util'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openStore, placeOf } from '../../../src/archive/open.ts'
import type { StoreConfig } from '../../../src/config/store.ts'
import { SQLITE_MIGRATIONS } from '../../../src/store/sqlite/open.ts'
import { newRun, note } from '../../contracts/store-samples.ts'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { newFolder } from '../store/folder.ts'
import { doorTo } from './door.ts'
import { createLog, storeConfig } from './opened.ts'

/** Opened until the test ends. */
async function open(config: StoreConfig, patienceMs?: number) {
  const { log, lines, said } = createLog()
  const store = await openStore(config, log, patienceMs === undefined ? {} : { patienceMs })
  onTestFinished(() => store.close())
  return { store, lines, said }
}

const failureOf = async (config: StoreConfig, patienceMs = 100): Promise<Error> => {
  const { log } = createLog()
  return await openStore(config, log, { patienceMs }).then(
    async (store) => {
      await store.close()
      throw new Error('The store was opened')
    },
    (error: Error) => error,
  )
}

describe('openStore on SQLite', () => {
  test('makes the folder, brings the schema and says so in one line', async () => {
    const folder = join(newFolder(), 'not', 'there')
    const { store, lines } = await open(storeConfig({ DATA_DIR: folder }))
    expect(lines).toEqual([
      {
        level: 'info',
        message: 'store opened',
        about: {
          store: 'sqlite',
          at: folder,
          sealed: false,
          journal: true,
          migrated: Object.keys(SQLITE_MIGRATIONS),
        },
      },
    ])
    expect((await store.schema()).pending).toEqual([])
  })

  test(':memory: keeps nothing and takes no folder', async () => {
    const first = await open(storeConfig({ DATA_DIR: ':memory:' }))
    await first.store.accept(newRun('t'), note('run.create'))
    expect((await first.store.runs('t', { limit: 10 })).runs).toHaveLength(1)
    const second = await open(storeConfig({ DATA_DIR: ':memory:' }))
    expect((await second.store.runs('t', { limit: 10 })).runs).toEqual([])
  })

  async function withMigrations(change: string): Promise<StoreConfig> {
    const config = storeConfig({ DATA_DIR: newFolder() })
    const { log } = createLog()
    await (await openStore(config, log)).close()
    const database = new DatabaseSync(join(config.dataDir, 'consilium.db'))
    database.exec(change)
    database.close()
    return config
  }
  const NEWER = "insert into kysely_migration values ('9999-next', '2027-01-01')"

  test('serves on the schema of a newer version, and says so', async () => {
    const { lines } = await open(await withMigrations(NEWER))
    expect(lines.at(-1)).toMatchObject({ level: 'warn', about: { migrations: ['9999-next'] } })
  })

  test('refuses a schema that is newer and lacks something; and lets the folder go', async () => {
    const config = await withMigrations("update kysely_migration set name = '9999-next' where name = '0001-initial'")
    for (const _ of [1, 2]) {
      const error = await failureOf(config)
      expect(error.name).toBe('ConfigError')
      expect(error.message).toMatch(/comes from another branch of Consilium: it has 9999-next.* and lacks 0001-initial/)
    }
  })
})

test('placeOf names the server and nothing that is secret', () => {
  expect(placeOf('postgres://me:hunter2@db:6432/runs?password=hunter2')).toBe('db:6432/runs')
  expect(placeOf('postgres:///runs?host=/run/postgresql')).toBe('the local socket/runs')
})

describe('PostgreSQL that nobody serves', () => {
  test('is waited for, then named, without the password', async () => {
    const error = await failureOf(storeConfig({ DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:1/runs' }), 1200)
    expect(error.name).toBe('ConfigError')
    expect(error.message).toMatch(/^DATABASE_URL: no PostgreSQL answers at 127\.0\.0\.1:1\/runs \(.*ECONNREFUSED.*\)/)
    expect(inspect(error, { depth: 10 })).not.toContain('hunter2')
  })
})

describe.runIf(postgresIsWanted)('openStore on PostgreSQL', () => {
  async function newDatabase() {
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    return database
  }

  test('waits for a server that is just starting', async () => {
    const through = await doorTo((await newDatabase()).url, 2)
    const { store } = await open(storeConfig({ DATABASE_URL: through.url }))
    await store.ping()
    expect(through.seen()).toBeGreaterThan(2)
  })

  test('does not wait for a database that is not there', async () => {
    const { url } = await newDatabase()
    const missing = Object.assign(new URL(url), { pathname: '/no_such_database' }).href
    // With this patience the test would run into its own limit.
    const error = await failureOf(storeConfig({ DATABASE_URL: missing }), 600_000)
    expect(error.message).toMatch(/^DATABASE_URL: PostgreSQL at .*\/no_such_database has no such database/)
  })

  test('outlives the end of its connections, and logs them', async () => {
    const { url } = await newDatabase()
    const { store, said } = await open(storeConfig({ DATABASE_URL: url }))
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    await client.end()
    const line = await said('a connection to PostgreSQL broke')
    expect(line.about.err).toBeInstanceOf(Error)
    await store.ping()
  })
})
