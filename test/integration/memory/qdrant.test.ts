import { describe, expect, test } from 'vitest'
import type { Memory } from '../../../src/memory/port.ts'
import { createQdrantMemory } from '../../../src/memory/qdrant.ts'
import { createCipher } from '../../../src/store/cipher.ts'
import { createClinical } from '../../../src/store/clinical.ts'
import { at, document } from '../../contracts/memory-subjects.ts'
import { startFakeQdrant } from '../../helpers/fake-qdrant.ts'
import { closedPort } from '../../helpers/raw-server.ts'

const sealer = createClinical(createCipher(null))
const question = { collection: 'evidence', model: 'bge-m3', embedding: at(0), top_k: 5, min_score: -1 } as const
const open = (url: URL, api_key: string | null = null) => createQdrantMemory({ url, api_key, sealer, timeout_ms: 300 })

const CALLS: readonly [string, (memory: Memory) => Promise<unknown>][] = [
  ['add', (memory) => memory.add('t', document([0]))],
  ['search', (memory) => memory.search('t', question)],
  ['remove', (memory) => memory.remove('t', 'evidence', { id: 'x' })],
  ['list', (memory) => memory.list('t', 'evidence', { limit: 5, after: null })],
  ['read', (memory) => memory.read('t', 'evidence', 'x')],
  ['tenantsWithOlder', (memory) => memory.tenantsWithOlder('memory', 1)],
  ['count', (memory) => memory.count('t', 'evidence')],
]
const unavailable = { name: 'StoreError', fault: 'unavailable' }

describe.each(CALLS)('%s of a Qdrant', (_, call) => {
  test('that is not there is `unavailable`', async () => {
    await expect(call(open(new URL(`http://127.0.0.1:${await closedPort()}`)))).rejects.toMatchObject(unavailable)
  })
  test('that hangs is `unavailable` when the time is over', async () => {
    const server = await startFakeQdrant()
    server.faults.push('hang')
    await expect(call(open(server.url))).rejects.toMatchObject(unavailable)
  })
  test.each([400, 429, 500])('that answers %i is `unavailable`, and what it quotes is not repeated', async (status) => {
    const server = await startFakeQdrant()
    server.faults.push(status)
    await expect(call(open(server.url))).rejects.toMatchObject({
      ...unavailable,
      message: expect.not.stringMatching(/quoting/),
    })
  })
  test('that wants another key is `unavailable`', async () => {
    const server = await startFakeQdrant('right')
    await expect(call(open(server.url, 'wrong'))).rejects.toMatchObject(unavailable)
    await call(open(server.url, 'right'))
  })
})

describe('a memory in Qdrant', () => {
  const many = document(Array.from({ length: 250 }, (_, index) => index / 4))

  test('leaves nothing of a document whose later passages could not be written', async () => {
    const server = await startFakeQdrant()
    const memory = open(server.url)
    await memory.add('t', document([0]))
    // Two of three portions arrive.
    server.faults.push(null, null, 500)
    await expect(memory.add('t', many)).rejects.toMatchObject(unavailable)
    expect(await memory.count('t', 'evidence')).toEqual({ documents: 1, passages: 1 })
    await memory.add('t', many)
    expect(await memory.count('t', 'evidence')).toEqual({ documents: 2, passages: 251 })
  })

  test('removes with a document what a failure has left of it, and of one that was never whole', async () => {
    const server = await startFakeQdrant()
    const memory = open(server.url)
    const id = await memory.add('t', many)
    const pointsOf = () => [...server.collections.values()].flatMap(({ points }) => [...points])
    // As when a portion failed, and so did taking the others away: its first passage is not there.
    for (const { points } of server.collections.values()) points.delete(id)
    expect(await memory.list('t', 'evidence', { limit: 5, after: null })).toEqual({ documents: [], next: null })
    expect(await memory.tenantsWithOlder('evidence', Number.MAX_SAFE_INTEGER)).toEqual(['t'])
    expect(await memory.remove('t', 'evidence', { before: Number.MAX_SAFE_INTEGER })).toEqual({
      documents: 0,
      passages: 249,
    })
    expect(pointsOf()).toEqual([])
  })

  test('makes its collections once, also when two begin at the same time', async () => {
    const server = await startFakeQdrant()
    await Promise.all([open(server.url).add('t', document([0])), open(server.url).add('t', document([1]))])
    expect(server.collections.size).toBe(1)
    expect((await open(server.url).search('t', question)).hits).toHaveLength(2)
  })

  test('leaves other collections of the server alone', async () => {
    const server = await startFakeQdrant()
    const theirs = {
      size: 4,
      indexes: new Map(),
      points: new Map([
        [1, { id: 1, vector: [1, 0, 0, 0], payload: { tenant: 't', collection: 'evidence', document_id: 'x' } }],
      ]),
    }
    Object.assign(server, { collections: (server.collections as Map<string, unknown>).set('theirs', theirs) })
    const memory = open(server.url)
    expect(await memory.count('t', 'evidence')).toEqual({ documents: 0, passages: 0 })
    expect(await memory.search('t', question)).toEqual({ hits: [], other_model: 0 })
    expect(await memory.list('t', 'evidence', { limit: 5, after: null })).toEqual({ documents: [], next: null })
    expect(await memory.remove('t', 'evidence', 'all')).toEqual({ documents: 0, passages: 0 })
    expect(theirs.points.size).toBe(1)
  })
})
