import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createQdrantMemory } from '../../../src/memory/qdrant.ts'
import { createStoredMemory } from '../../../src/memory/stored.ts'
import { createCipher } from '../../../src/store/cipher.ts'
import { createClinical } from '../../../src/store/clinical.ts'
import type { Store } from '../../../src/store/port.ts'
import { openPostgresStore } from '../../../src/store/postgres/open.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { document } from '../../contracts/memory-subjects.ts'
import { newRun, note } from '../../contracts/store-samples.ts'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { startFakeQdrant } from '../../helpers/fake-qdrant.ts'
import { filledFolder, newFolder } from '../store/folder.ts'
import { run } from './command.ts'

const db = (folder: string, ...args: string[]) => run(['db', ...args], { DATA_DIR: folder })

/** A run that ended at that time. */
async function ended(store: Store, at: number): Promise<void> {
  const accepted = await store.accept(newRun('t', { at }), note('run.create'))
  if (accepted.kind !== 'created') throw new Error('The run was not created')
  await store.record(accepted.lease, { at, finish: { status: 'succeeded', response: {} } }, null)
}

const runsIn = async (folder: string): Promise<number> => {
  const store = openSqliteStore({ folder, keys: null })
  try {
    return (await store.runs('t', { limit: 1000 })).runs.length
  } finally {
    await store.close()
  }
}

describe('cli db migrate', () => {
  test('makes the schema, and says when there is nothing to do', async () => {
    const folder = join(newFolder(), 'data')
    expect(await db(folder, 'migrate')).toMatchObject({ code: 0, out: expect.stringContaining('was migrated: 0001-') })
    expect(await db(folder, 'migrate')).toEqual({ code: 0, out: `The store at ${folder} is up to date.\n`, err: '' })
  })
  test('asks for a store that others can see', async () => {
    const { code, err } = await db(':memory:', 'migrate')
    expect([code, err]).toEqual([2, expect.stringContaining('DATA_DIR is :memory:')])
  })
  test('says which variable is wrong, and never its value', async () => {
    const { code, err } = await run(['db', 'migrate'], { STORE_KEY: 'hunter2' })
    expect([code, err]).toEqual([2, expect.stringContaining('STORE_KEY: must be name:key')])
    expect(err).not.toContain('hunter2')
  })
})

describe('cli db check', () => {
  test('finds a whole database in order, beside a service that has it open, and changes nothing', async () => {
    const { folder, file } = await filledFolder()
    const store = openSqliteStore({ folder, keys: null })
    onTestFinished(() => store.close())
    const before = readFileSync(file)
    const { code, out } = await db(folder, 'check')
    expect([code, out]).toEqual([0, 'schema: up to date.\nfile: every page and index is in order\n'])
    expect(readFileSync(file).equals(before)).toBe(true)
  })
  test('does not make a database where there is none', async () => {
    const folder = newFolder()
    expect(await db(folder, 'check')).toMatchObject({ code: 2, err: expect.stringContaining('holds no database') })
    expect(existsSync(join(folder, 'consilium.db'))).toBe(false)
  })
  test('names what the schema lacks', async () => {
    const { folder, file } = await filledFolder()
    const database = new DatabaseSync(file)
    database.exec("delete from kysely_migration where name = '0001-initial'")
    database.close()
    expect(await db(folder, 'check')).toMatchObject({ code: 1, out: expect.stringContaining('lacks 0001-initial') })
  })
  test('finds an index that does not fit its table, which a start would not see', async () => {
    const { folder, file } = await filledFolder()
    const database = new DatabaseSync(file)
    const page = database.prepare("select rootpage from sqlite_schema where name = 'runs_listed'").get()?.rootpage
    const size = Number(database.prepare('PRAGMA page_size').get()?.page_size)
    database.close()
    const bytes = readFileSync(file)
    const start = (Number(page) - 1) * size
    const entry = start + bytes.toString('latin1', start, start + size).search(/[0-9a-f]{8}-[0-9a-f]{4}-/)
    bytes[entry] = bytes[entry] === 0x61 ? 0x62 : 0x61
    writeFileSync(file, bytes)
    expect(await runsIn(folder)).toBe(20)
    const { code, out } = await db(folder, 'check')
    expect([code, out]).toEqual([1, expect.stringContaining('file: DAMAGED')])
  })
})

describe('cli db prune', () => {
  test('deletes what ended longer ago, and the audit says who did', async () => {
    const folder = newFolder()
    const store = openSqliteStore({ folder, keys: null })
    await store.migrate()
    const day = 86_400_000
    for (const days of [1, 89, 91, 400]) await ended(store, Date.now() - days * day)
    for (const days of [89, 91]) {
      const memory = createStoredMemory(store, () => Date.now() - days * day)
      for (const collection of ['memory', 'evidence'] as const) await memory.add('t', document([0, 1], { collection }))
    }
    await store.close()
    const { code, out } = await db(folder, 'prune', '--older-than', '90d')
    expect([code, out]).toEqual([0, expect.stringMatching(/^Deleted what ended before 20\d\d-.*Z: 2 runs, /)])
    expect(out).toMatch(/, 1 memory documents, 2 memory passages\.\n$/)
    const again = openSqliteStore({ folder, keys: null })
    onTestFinished(() => again.close())
    expect((await again.runs('t', { limit: 10 })).runs).toHaveLength(2)
    expect(await again.countDocuments('t', 'memory')).toEqual({ documents: 1, passages: 2 })
    expect(await again.countDocuments('t', 'evidence')).toEqual({ documents: 2, passages: 4 })
    const entry = (await again.auditLinks('t', 0, 100)).find(({ action }) => action === 'runs.delete')
    expect(entry?.actor).toMatch(/^cli:\w+/)
  })
  test('looks for memories where QDRANT_URL says, and deletes nothing when that host is not allowed', async () => {
    const folder = newFolder()
    const store = openSqliteStore({ folder, keys: null })
    await store.migrate()
    await ended(store, 0)
    await store.close()
    const prune = (QDRANT_URL: string) => run(['db', 'prune', '--older-than', '90d'], { DATA_DIR: folder, QDRANT_URL })
    expect(await prune('https://qdrant.example.com')).toMatchObject({
      code: 2,
      err: expect.stringContaining('QDRANT_URL: the host qdrant.example.com is not allowed'),
    })
    expect(await runsIn(folder)).toBe(1)
    const server = await startFakeQdrant()
    const memory = createQdrantMemory({
      ...{ url: server.url, api_key: null, sealer: createClinical(createCipher(null)) },
      now: () => 0,
    })
    await memory.add('t', document([0], { collection: 'memory' }))
    const { code, out } = await prune(server.url.href)
    expect([code, out]).toEqual([0, expect.stringContaining(', 1 memory documents, 1 memory passages.')])
    expect(await memory.count('t', 'memory')).toEqual({ documents: 0, passages: 0 })
  })
  test('asks how old, in a time with its unit', async () => {
    const { folder } = await filledFolder(1)
    expect(await db(folder, 'prune')).toMatchObject({ code: 2, err: expect.stringContaining('--older-than') })
    expect(await db(folder, 'prune', '--older-than', '90')).toMatchObject({ code: 2 })
    expect(await runsIn(folder)).toBe(1)
  })
  test('is refused while the service has the folder', async () => {
    const { folder } = await filledFolder(1)
    const store = openSqliteStore({ folder, keys: null })
    onTestFinished(() => store.close())
    const { code, err } = await db(folder, 'prune', '--older-than', '1d')
    expect([code, err]).toEqual([2, expect.stringContaining('in use by another process')])
  })
})

describe('cli db backup', () => {
  test('of a service at work is complete, and restores as the documentation says', async () => {
    const { folder } = await filledFolder(20)
    const store = openSqliteStore({ folder, keys: null })
    onTestFinished(() => store.close())
    const file = join(newFolder(), 'backup.db')
    const copied = db(folder, 'backup', file)
    // Written meanwhile: the backup holds these or not, but nothing half.
    for (let n = 0; n < 20; n++) await store.accept(newRun('t'), note('run.create'))
    expect(await copied).toMatchObject({ code: 0, out: expect.stringMatching(/backup\.db: \d+ bytes\n$/) })
    expect(statSync(file).mode & 0o077).toBe(0)

    const restored = newFolder()
    copyFileSync(file, join(restored, 'consilium.db'))
    expect((await db(restored, 'check')).code).toBe(0)
    const kept = await runsIn(restored)
    expect(kept).toBeGreaterThanOrEqual(20)
    const again = openSqliteStore({ folder: restored, keys: null })
    onTestFinished(() => again.close())
    expect((await again.auditHead('t')).seq).toBe(kept)
  })
  test('replaces no file, and leaves none behind that is half done', async () => {
    const { folder } = await filledFolder(1)
    const target = newFolder()
    writeFileSync(join(target, 'there.db'), 'mine')
    expect(await db(folder, 'backup', join(target, 'there.db'))).toMatchObject({ code: 2 })
    expect(readFileSync(join(target, 'there.db'), 'utf8')).toBe('mine')
    const nowhere = join(target, 'no', 'folder.db')
    expect(await db(folder, 'backup', nowhere)).toMatchObject({ code: 2, err: expect.stringContaining('cannot be') })
  })
})

describe.runIf(postgresIsWanted)('cli db on PostgreSQL', () => {
  test('migrates, checks and prunes; for a backup it names pg_dump', { timeout: 60_000 }, async () => {
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    const env = { DATABASE_URL: database.url }
    expect((await run(['db', 'check'], env)).code).toBe(1)
    expect((await run(['db', 'migrate'], env)).code).toBe(0)
    expect(await run(['db', 'check'], env)).toMatchObject({ code: 0, out: 'schema: up to date.\n' })
    const store = openPostgresStore(database.options())
    onTestFinished(() => store.close())
    await ended(store, 0)
    expect((await run(['db', 'prune', '--older-than', '1d'], env)).out).toContain(': 1 runs')
    expect(await run(['db', 'backup', 'x.db'], env)).toMatchObject({ code: 2, err: expect.stringContaining('pg_dump') })
  })
})
