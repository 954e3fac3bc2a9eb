import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createStoredMemory } from '../../../src/memory/stored.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { lockExtensions, vectorsOf } from '../../../src/store/sqlite/vectors.ts'
import { at, document } from '../../contracts/memory-subjects.ts'

const question = { collection: 'evidence', model: 'bge-m3', embedding: at(0), top_k: 2, min_score: -1 } as const

test('sqlite-vec loads on this machine, and only at the first search', async () => {
  const onNoVectors = vi.fn()
  const loading = vi.spyOn(DatabaseSync.prototype, 'loadExtension')
  onTestFinished(() => loading.mockRestore())
  const store = openSqliteStore({ folder: null, keys: null, onNoVectors })
  onTestFinished(() => store.close())
  await store.migrate()
  const memory = createStoredMemory(store)
  await memory.add('t', document([40, 20]))
  expect(loading).not.toHaveBeenCalled()
  for (const _ of [1, 2])
    expect((await memory.search('t', question)).hits.map(({ text }) => text)).toEqual(['Text at 20.', 'Text at 40.'])
  expect(loading).toHaveBeenCalledTimes(1)
  expect(onNoVectors).not.toHaveBeenCalled()
})

test('without sqlite-vec the same is found, and it is told once', async () => {
  const loading = vi.spyOn(DatabaseSync.prototype, 'loadExtension').mockImplementation(() => {
    throw new Error('no such file')
  })
  onTestFinished(() => loading.mockRestore())
  const onNoVectors = vi.fn()
  const store = openSqliteStore({ folder: null, keys: null, onNoVectors })
  onTestFinished(() => store.close())
  await store.migrate()
  const memory = createStoredMemory(store)
  await memory.add('t', document([40, 20]))
  for (const _ of [1, 2])
    expect((await memory.search('t', question)).hits.map(({ text }) => text)).toEqual(['Text at 20.', 'Text at 40.'])
  expect(onNoVectors).toHaveBeenCalledTimes(1)
})

test('no statement can load native code, before and after', () => {
  const database = new DatabaseSync(':memory:', { allowExtension: true })
  onTestFinished(() => database.close())
  lockExtensions(database)
  const load = () => database.prepare("select load_extension('vec0')").all()
  expect(load).toThrow(/not authorized/)
  expect(vectorsOf(database)()).toBe(true)
  expect(database.prepare('select vec_version() as v').get()).toMatchObject({ v: expect.stringMatching(/^v/) })
  expect(load).toThrow(/not authorized/)
})
