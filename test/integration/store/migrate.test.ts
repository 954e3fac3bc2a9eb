import { describe, expect, onTestFinished, test } from 'vitest'
import type { Migrations } from '../../../src/store/migrations.ts'
import type { Store } from '../../../src/store/port.ts'
import { openPostgresStore, POSTGRES_MIGRATIONS } from '../../../src/store/postgres/open.ts'
import { openSqliteStore, SQLITE_MIGRATIONS } from '../../../src/store/sqlite/open.ts'
import { newRun, note } from '../../contracts/store-samples.ts'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { startNode } from '../../helpers/process.ts'
import { CHILD, newFolder } from './folder.ts'

interface Place {
  name: string
  arrange: () => Promise<{ where: string; open: (migrations: Migrations) => Store; own: Migrations }>
}

const places: Place[] = [
  {
    name: 'sqlite',
    async arrange() {
      const folder = newFolder()
      return { where: folder, open: (all) => openSqliteStore({ folder, keys: null }, all), own: SQLITE_MIGRATIONS }
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
        own: POSTGRES_MIGRATIONS,
      }
    },
  },
]

describe.each(postgresIsWanted ? places : places.slice(0, 1))('I16: migrating $name', ({ name, arrange }) => {
  async function arranged() {
    const { where, open, own } = await arrange()
    const next: Migrations = {
      ...own,
      '0002-second': {
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
    return { where, own, next, using }
  }

  test('killed in the middle leaves nothing half done and is simply repeated', async () => {
    const { where, next, using } = await arranged()
    const child = startNode([CHILD, 'migrate', name, where])
    await child.says(/half way/)
    child.signal('SIGKILL')
    await child.ended
    await using(next, async (store) => {
      expect(await store.schema()).toEqual({ pending: ['0001-initial', '0002-second'], newer: [] })
      expect(await store.migrate()).toEqual(['0001-initial', '0002-second'])
      expect(await store.schema()).toEqual({ pending: [], newer: [] })
    })
  })

  test('goes on from the version before, whose program goes on working on the newer schema', async () => {
    const { own, next, using } = await arranged()
    await using(own, (store) => store.migrate())
    await using(next, async (store) => {
      expect((await store.schema()).pending).toEqual(['0002-second'])
      expect(await store.migrate()).toEqual(['0002-second'])
    })
    await using(own, async (store) => {
      expect(await store.schema()).toEqual({ pending: [], newer: ['0002-second'] })
      expect(await store.migrate()).toEqual([])
      expect(await store.accept(newRun('t'), note('run.create'))).toMatchObject({ kind: 'created' })
    })
  })

  test('by several processes at once applies everything once', async () => {
    if (name === 'sqlite') return
    const { next, using } = await arranged()
    const applied = await Promise.all([1, 2, 3].map(() => using(next, (store) => store.migrate())))
    expect(applied.flat().sort()).toEqual(['0001-initial', '0002-second'])
  })
})
