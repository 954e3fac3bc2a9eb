import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { readHeadFile } from '../../../src/store/audit/head-file.ts'
import { sealHeads } from '../../../src/store/audit/seal.ts'
import { verifyTenant } from '../../../src/store/audit/verify-store.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { finished, note } from '../../contracts/store-samples.ts'
import { newFolder } from './folder.ts'

const KEY = Buffer.alloc(32, 7)

/** A store that can be closed, meddled with and opened again, and its seal. */
async function subject() {
  const folder = newFolder()
  const file = join(folder, 'consilium.db')
  const seal = { path: join(folder, 'head.json'), key: KEY }
  const using = async <T>(work: (store: ReturnType<typeof openSqliteStore>) => Promise<T>): Promise<T> => {
    const store = openSqliteStore({ folder, keys: null })
    await store.migrate()
    try {
      return await work(store)
    } finally {
      await store.close()
    }
  }
  const verdict = () =>
    using(async (store) => verifyTenant(store, 't', (await readHeadFile(seal.path, KEY))?.heads.t ?? null))
  return { file, seal, using, verdict }
}

test('a sealed chain verifies, and the seal follows it', async () => {
  const { seal, using, verdict } = await subject()
  await using(async (store) => {
    for (let n = 0; n < 3; n++) {
      await finished(store, 't')
      expect(await sealHeads(store, seal, n)).toEqual([])
    }
  })
  expect(await verdict()).toMatchObject({ ok: true, entries: 6 })
})

test('an old backup in place of the database is found, also when it has grown again, and is not sealed over', async () => {
  const { file, seal, using, verdict } = await subject()
  await using((store) => finished(store, 't'))
  copyFileSync(file, `${file}.backup`)
  await using(async (store) => {
    await finished(store, 't')
    await sealHeads(store, seal, 1)
  })
  copyFileSync(`${file}.backup`, file)
  expect((await verdict()).breaks.map(({ kind }) => kind)).toEqual(['truncated'])
  await using(async (store) => {
    expect(await sealHeads(store, seal, 2)).toEqual(['t'])
    await store.note('t', [
      { ...note('run.read', { object: 'another' }), outcome: 'ok' },
      { ...note('run.read', { object: 'another' }), outcome: 'ok' },
    ])
    expect(await sealHeads(store, seal, 3)).toEqual(['t'])
  })
  expect((await verdict()).breaks.map(({ kind }) => kind)).toEqual(['replaced'])
})

test('rows edited or cut behind the service are found', async () => {
  const { file, seal, using, verdict } = await subject()
  await using(async (store) => {
    for (let n = 0; n < 5; n++) await finished(store, 't')
    await sealHeads(store, seal, 1)
  })
  copyFileSync(file, `${file}.good`)
  for (const meddling of [
    "update audit set actor = 'somebody' where seq = 4",
    "update audit set outcome = 'refused' where seq = 10",
    'delete from audit where seq = 4',
    'delete from audit where seq > 8',
    'delete from audit where seq > 8; update audit_heads set seq = 8, hash = (select hash from audit where seq = 8)',
    'delete from audit; delete from audit_heads',
  ]) {
    copyFileSync(`${file}.good`, file)
    const database = new DatabaseSync(file)
    database.exec(meddling)
    database.close()
    for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true })
    expect(await verdict(), meddling).toMatchObject({ ok: false })
  }
})
