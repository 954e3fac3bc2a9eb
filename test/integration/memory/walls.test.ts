import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely, PostgresDialect } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createQdrantMemory } from '../../../src/memory/qdrant.ts'
import { createStoredMemory } from '../../../src/memory/stored.ts'
import { createCipher } from '../../../src/store/cipher.ts'
import { createClinical } from '../../../src/store/clinical.ts'
import { createPostgresBackend } from '../../../src/store/postgres/backend.ts'
import { openPostgresStore, POSTGRES_MIGRATIONS } from '../../../src/store/postgres/open.ts'
import { createPool } from '../../../src/store/postgres/pool.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import type { Tables } from '../../../src/store/tables.ts'
import { at, document } from '../../contracts/memory-subjects.ts'
import { newTenant } from '../../contracts/store-samples.ts'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { startFakeQdrant } from '../../helpers/fake-qdrant.ts'

const question = { collection: 'evidence', model: 'bge-m3', embedding: at(0), top_k: 5, min_score: -1 } as const

/** A store on SQLite with a key, gone after the test. */
async function sealedStore() {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-memory-'))
  const store = openSqliteStore({ folder, keys: { current: randomBytes(32), old: [] } })
  onTestFinished(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })
  await store.migrate()
  return { folder, store }
}

describe('the second wall around the memories of a tenant', () => {
  test.skipIf(!postgresIsWanted)(
    'PostgreSQL: a query that forgets its tenant sees only that of its transaction',
    async () => {
      const database = await createDatabase()
      const options = database.options()
      const store = openPostgresStore(options)
      const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: createPool(options) }) })
      const backend = createPostgresBackend(db, POSTGRES_MIGRATIONS)
      onTestFinished(async () => {
        await Promise.all([store.close(), backend.close()])
        await database.drop()
      })
      await store.migrate()
      const memory = createStoredMemory(store)
      const [mine, theirs] = [newTenant(), newTenant()]
      await memory.add(mine, document([1]))
      await memory.add(theirs, document([2, 3]))
      for (const table of ['memory_documents', 'memory_passages'] as const) {
        const seen = (tenant: string) => backend.read(tenant, (trx) => trx.selectFrom(table).select('tenant').execute())
        expect(new Set((await seen(mine)).map(({ tenant }) => tenant))).toEqual(new Set([mine]))
        expect(await seen('')).toEqual([])
        const { numDeletedRows } = await backend.write(mine, (trx) => trx.deleteFrom(table).executeTakeFirst())
        expect(numDeletedRows).toBe(1n)
      }
      expect(await memory.count(theirs, 'evidence')).toEqual({ documents: 1, passages: 2 })
    },
  )

  test('SQLite: with a key, rows that are moved to another tenant do not open', async () => {
    const { folder, store } = await sealedStore()
    const memory = createStoredMemory(store)
    await memory.add('theirs', document([0]))
    const thief = new DatabaseSync(join(folder, 'consilium.db'))
    for (const table of ['memory_documents', 'memory_passages']) thief.exec(`update ${table} set tenant = 'mine'`)
    thief.close()
    await expect(memory.search('mine', question)).rejects.toMatchObject({ name: 'StoreError', fault: 'corrupt' })
  })

  test('SQLite: sealed vectors are opened once by a process; the key and the place are checked by each', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'consilium-memory-'))
    const open = () => openSqliteStore({ folder, keys })
    const keys = { current: randomBytes(32), old: [] }
    let store = open()
    onTestFinished(async () => {
      await store.close()
      rmSync(folder, { recursive: true })
    })
    await store.migrate()
    await createStoredMemory(store).add('t', document([0, 1]))
    const before = await createStoredMemory(store).search('t', question)
    const thief = new DatabaseSync(join(folder, 'consilium.db'))
    thief.exec(`update memory_passages set vector = (select vector from memory_passages where position = 2)`)
    thief.close()
    expect(await createStoredMemory(store).search('t', question)).toEqual(before)
    await store.close()
    store = open()
    await expect(createStoredMemory(store).search('t', question)).rejects.toMatchObject({ fault: 'corrupt' })
  })

  test('SQLite: vectors that were opened are forgotten with their document', async () => {
    const { store } = await sealedStore()
    const memory = createStoredMemory(store)
    const id = await memory.add('t', document([0]))
    expect((await memory.search('t', question)).hits).toMatchObject([{ score: expect.closeTo(1, 5) }])
    await memory.remove('t', 'evidence', { id })
    // Under the same id, which never happens otherwise: whatever was left in memory would be taken for its vector.
    await store.addDocument('t', { ...document([180]), document_id: id, created_at: 0 })
    expect((await memory.search('t', question)).hits).toMatchObject([{ score: expect.closeTo(-1, 5) }])
  })

  test('Qdrant: every question, count and removal names its tenant, and the tenant is indexed', async () => {
    const server = await startFakeQdrant()
    const sealer = createClinical(createCipher({ current: randomBytes(32), old: [] }))
    const memory = createQdrantMemory({ url: server.url, api_key: null, sealer })
    const id = await memory.add('t-1', document([0]))
    await memory.add('t-1', document([0], { model: 'other' }))
    await memory.search('t-1', question)
    await memory.count('t-1', 'evidence')
    await memory.list('t-1', 'evidence', { limit: 5, after: null })
    await memory.read('t-1', 'evidence', id)
    for (const which of [{ id }, { added_by: 'nurse-1' }, { before: 1 }, 'all'] as const)
      await memory.remove('t-1', 'evidence', which)
    const filtered = server.asked.filter(({ call }) => /^POST .*\/points\/(query|count|scroll|delete)$/.test(call))
    expect(new Set(filtered.map(({ call }) => call)).size).toBe(4)
    for (const { body } of filtered)
      expect((body.filter as { must: object[] }).must).toContainEqual({ key: 'tenant', match: { value: 't-1' } })
    for (const { indexes } of server.collections.values())
      expect(indexes.get('tenant')).toEqual({ type: 'keyword', is_tenant: true })
  })

  test('Qdrant: a payload that is moved to another tenant does not open', async () => {
    const server = await startFakeQdrant()
    const sealer = createClinical(createCipher({ current: randomBytes(32), old: [] }))
    const memory = createQdrantMemory({ url: server.url, api_key: null, sealer })
    await memory.add('theirs', document([0]))
    for (const { points } of server.collections.values())
      for (const { payload } of points.values()) payload.tenant = 'mine'
    await expect(memory.search('mine', question)).rejects.toMatchObject({ name: 'StoreError', fault: 'corrupt' })
  })
})
