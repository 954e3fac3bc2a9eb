import { rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { AuditEntry } from '../../../src/store/audit/entry.ts'
import type { Db } from '../../../src/store/backend.ts'
import { createPostgresBackend } from '../../../src/store/postgres/backend.ts'
import { POSTGRES_MIGRATIONS } from '../../../src/store/postgres/open.ts'
import { createPool } from '../../../src/store/postgres/pool.ts'
import { NodeSqliteDialect } from '../../../src/store/sqlite/dialect.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { transactionsOf } from '../../../src/store/sqlite/transactions.ts'
import { WalFlush } from '../../../src/store/sqlite/wal-flush.ts'
import type { Tables } from '../../../src/store/tables.ts'
import { note } from '../../contracts/store-samples.ts'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { startNode } from '../../helpers/process.ts'
import { CHILD, newFolder, opened } from './folder.ts'

const [NORMAL, FULL] = [1, 2]
const ENTRY: readonly AuditEntry[] = [{ ...note('run.create'), outcome: 'ok' }]

describe('on SQLite, a commit that need not wait for the disk', () => {
  function arranged() {
    const database = new DatabaseSync(':memory:')
    const db: Db = new Kysely<Tables>({ dialect: new NodeSqliteDialect(database) })
    onTestFinished(() => db.destroy())
    database.exec('PRAGMA synchronous=FULL')
    const level = async (on: Db) =>
      (await sql<{ synchronous: number }>`PRAGMA synchronous`.execute(on)).rows[0]?.synchronous
    return { db, level, inTransaction: transactionsOf(database) }
  }

  test('is the only one that does not: every other waits again, after it and beside it', async () => {
    const { db, level, inTransaction } = arranged()
    let beside: Promise<number | undefined> | null = null
    const within = await inTransaction(db, false, (trx) => {
      beside = level(db)
      return level(trx)
    })
    expect(within).toBe(NORMAL)
    expect(await beside).toBe(FULL)
    expect(await inTransaction(db, true, level)).toBe(FULL)
    expect(await inTransaction(db, false, level)).toBe(NORMAL)
    expect(await level(db)).toBe(FULL)
  })

  test('leaves nothing changed when its work fails', async () => {
    const { db, level, inTransaction } = arranged()
    const failing = inTransaction(db, false, async (trx) => {
      await sql`create table t (a)`.execute(trx)
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await level(db)).toBe(FULL)
    expect((await sql`select * from sqlite_schema`.execute(db)).rows).toEqual([])
  })

  test('survives kill -9 right after the answer', async () => {
    const folder = newFolder()
    const child = startNode([CHILD, 'note', folder])
    await child.says(/noted/)
    child.signal('SIGKILL')
    await child.ended
    const links = await opened(folder).auditLinks('t', 0, 10)
    expect(links.map(({ seq, action }) => [seq, action])).toEqual([[1, 'run.create']])
  })

  test('is made good before heads are handed out to be signed; when it cannot be, none are', async () => {
    const folder = newFolder()
    const store = openSqliteStore({ folder, keys: null })
    onTestFinished(() => store.close().catch(() => undefined))
    await store.migrate()
    rmSync(`${folder}/consilium.db-wal`)
    await store.note('t', ENTRY, { lazy: true })
    await expect(store.auditHeads()).rejects.toMatchObject({ name: 'StoreError', fault: 'unavailable' })
  })
})

test('on SQLite a write whose flush fails is not acknowledged; the next is flushed by SQLite itself', async () => {
  const folder = newFolder()
  const store = openSqliteStore({ folder, keys: null })
  onTestFinished(() => store.close().catch(() => undefined))
  await store.migrate()
  rmSync(`${folder}/consilium.db-wal`)
  await expect(store.note('t', ENTRY)).rejects.toMatchObject({ name: 'StoreError', fault: 'unavailable' })
  await store.note('t', ENTRY)
  expect(await store.auditLinks('t', 0, 10)).toHaveLength(2)
})

describe.skipIf(!postgresIsWanted)('on PostgreSQL, a commit that need not wait for the disk', () => {
  async function arranged() {
    const database = await createDatabase()
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: createPool(database.options()) }) })
    const backend = createPostgresBackend(db, POSTGRES_MIGRATIONS)
    onTestFinished(async () => {
      await backend.close()
      await database.drop()
    })
    await backend.migrate()
    return { db, backend }
  }

  test('is the only one that does not', async () => {
    const { backend } = await arranged()
    const level = async (trx: Db) =>
      (await sql<{ synchronous_commit: string }>`show synchronous_commit`.execute(trx)).rows[0]?.synchronous_commit
    expect(await backend.write('t', level, true)).toBe('off')
    expect(await backend.write('t', level)).toBe('on')
    expect(await Promise.all([backend.write('t', level, true), backend.write('t', level)])).toEqual(['on', 'on'])
  })

  test('is made good when it is asked for', async () => {
    const { db, backend } = await arranged()
    const written = async (_: Db, trail: AuditEntry[]) => void trail.push(...ENTRY)
    await backend.write('t', written, true)
    const { rows } = await sql<{ written: string }>`select pg_current_wal_insert_lsn() as written`.execute(db)
    await backend.settled()
    const flushed = await sql<{ yes: boolean }>`
      select pg_current_wal_flush_lsn() >= ${rows[0]?.written}::pg_lsn as yes`.execute(db)
    expect(flushed.rows).toEqual([{ yes: true }])
  })
})

describe('a flush of the -wal', () => {
  function arranged() {
    const path = `${newFolder()}/wal`
    const flush = new WalFlush(path)
    onTestFinished(() => flush.close())
    return { flush, appears: () => writeFileSync(path, 'x') }
  }

  test('that cannot be made is told to whoever waits for it, and is not relied on until it can', async () => {
    const { flush, appears } = arranged()
    await expect(flush.now()).rejects.toMatchObject({ name: 'StoreError', fault: 'unavailable' })
    expect(flush.works).toBe(false)
    await expect(flush.settled()).rejects.toMatchObject({ fault: 'unavailable' })
    appears()
    await flush.settled()
    expect(flush.works).toBe(true)
  })

  test('comes by itself when nobody waits for it, and again after it failed', async () => {
    const { flush, appears } = arranged()
    flush.soon()
    await expect.poll(() => flush.works, { timeout: 5000 }).toBe(false)
    appears()
    await expect.poll(() => flush.works, { timeout: 5000 }).toBe(true)
  })
})
