import { Kysely, PostgresDialect } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Migrations, migrate } from '../../../src/store/migrations.ts'
import type { Store } from '../../../src/store/port.ts'
import { openPostgresStore, POSTGRES_MIGRATIONS } from '../../../src/store/postgres/open.ts'
import { createPool } from '../../../src/store/postgres/pool.ts'
import { openSqliteStore, SQLITE_MIGRATIONS } from '../../../src/store/sqlite/open.ts'
import type { Tables } from '../../../src/store/tables.ts'
import { accepted, newRun, note, T0 } from '../../contracts/store-samples.ts'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { startNode } from '../../helpers/process.ts'
import { CHILD, newFolder } from './folder.ts'

interface Place {
  name: string
  arrange: () => Promise<{
    where: string
    open: (migrations: Migrations) => Store
    /** Leaves the database as the first migrations made it. */
    begin: (migrations: Migrations) => Promise<void>
    own: Migrations
  }>
}

const places: Place[] = [
  {
    name: 'sqlite',
    async arrange() {
      const folder = newFolder()
      const open = (all: Migrations) => openSqliteStore({ folder, keys: null }, all)
      return {
        where: folder,
        open,
        async begin(migrations) {
          const store = open(migrations)
          await store.migrate()
          await store.close()
        },
        own: SQLITE_MIGRATIONS,
      }
    },
  },
  {
    name: 'postgres',
    async arrange() {
      const database = await createDatabase()
      onTestFinished(() => database.drop())
      return {
        where: database.url,
        open: (all) => openPostgresStore(database.options(), all),
        async begin(migrations) {
          // Without a store: this version's gives its role rights on tables that the first version lacks.
          const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: createPool(database.options()) }) })
          await migrate(db, migrations)
          await db.destroy()
        },
        own: POSTGRES_MIGRATIONS,
      }
    },
  },
]

describe.each(postgresIsWanted ? places : places.slice(0, 1))('I16: migrating $name', ({ name, arrange }) => {
  async function arranged() {
    const { where, open, begin, own } = await arrange()
    const next: Migrations = {
      ...own,
      '9999-next': {
        up: async (db) => void (await db.schema.createTable('second').addColumn('a', 'text').execute()),
      },
    }
    const using = async <T>(migrations: Migrations, work: (store: Store) => Promise<T>): Promise<T> => {
      const store = open(migrations)
      try {
        return await work(store)
      } finally {
        await store.close()
      }
    }
    return { where, begin, own, next, using }
  }

  test('killed in the middle leaves nothing half done and is simply repeated', async () => {
    const { where, next, using } = await arranged()
    const child = startNode([CHILD, 'migrate', name, where])
    await child.says(/half way/)
    child.signal('SIGKILL')
    await child.ended
    await using(next, async (store) => {
      expect(await store.schema()).toEqual({ pending: Object.keys(next), newer: [] })
      expect(await store.migrate()).toEqual(Object.keys(next))
      expect(await store.schema()).toEqual({ pending: [], newer: [] })
    })
  })

  test('goes on from the version before, whose program goes on working on the newer schema', async () => {
    const { own, next, using } = await arranged()
    await using(own, (store) => store.migrate())
    await using(next, async (store) => {
      expect((await store.schema()).pending).toEqual(['9999-next'])
      expect(await store.migrate()).toEqual(['9999-next'])
    })
    await using(own, async (store) => {
      expect(await store.schema()).toEqual({ pending: [], newer: ['9999-next'] })
      expect(await store.migrate()).toEqual([])
      expect(await store.accept(newRun('t'), note('run.create'))).toMatchObject({ kind: 'created' })
    })
  })

  test('from the first version on, brings webhooks to a database that has none', async () => {
    const { begin, own, using } = await arranged()
    await begin({ '0001-initial': own['0001-initial'] as Migrations[string] })
    await using(own, async (store) => {
      expect(await store.migrate()).toEqual(Object.keys(own).slice(1))
      const lease = await accepted(store, 't', { webhook: 'https://hooks.example/' })
      await store.record(lease, { at: T0, finish: { status: 'failed', response: null } }, null)
      expect(await store.dueDeliveries(T0, T0 + 1, 9)).toMatchObject([{ run_id: lease.run_id }])
    })
  })

  test('by several processes at once applies everything once', async () => {
    if (name === 'sqlite') return
    const { next, using } = await arranged()
    const applied = await Promise.all([1, 2, 3].map(() => using(next, (store) => store.migrate())))
    expect(applied.flat().sort()).toEqual(Object.keys(next))
  })
})
