import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Found, Page, Question } from '../../src/memory/port.ts'
import { at, document, memoryKinds, passagesAt } from './memory-subjects.ts'
import { newTenant } from './store-samples.ts'

const CANARY = 'Canary Patient 4711'

const ask = (degrees: number, more: Partial<Question> = {}): Question => ({
  collection: 'evidence',
  model: 'bge-m3',
  embedding: at(degrees),
  top_k: 50,
  min_score: -1,
  ...more,
})
const textsOf = ({ hits }: Found): string[] => hits.map(({ text }) => text)
const ALL = { limit: 1000, after: null }
const NONE = { documents: 0, passages: 0 }
const newKeys = () => ({ current: randomBytes(32), old: [] })

describe.each(memoryKinds)('a memory in $name', ({ open, sealsVectors, countsExactly }) => {
  test('finds the nearest passages first, each with where it stands and the cosine as its score', async () => {
    const { memory } = await open()
    const tenant = newTenant()
    const id = await memory.add(tenant, document([90, 10, 180], { metadata: { year: 2024, tags: ['a'] } }))
    await memory.add(tenant, document([45], { title: 'Other', source: 'other.txt' }))
    const found = await memory.search(tenant, ask(0))
    expect(textsOf(found)).toEqual(['Text at 10.', 'Text at 45.', 'Text at 90.', 'Text at 180.'])
    expect(found.hits[0]).toMatchObject({
      ...{ id, title: 'Guideline', source: 'guideline.txt', position: 2, metadata: { year: 2024, tags: ['a'] } },
      score: expect.closeTo(Math.cos(Math.PI / 18), 5),
    })
    expect(found.hits[1]).toMatchObject({ title: 'Other', source: 'other.txt', position: 1 })
    expect(found.hits.map(({ score }) => score)).toEqual([
      expect.closeTo(Math.cos(Math.PI / 18), 5),
      expect.closeTo(Math.SQRT1_2, 5),
      expect.closeTo(0, 5),
      expect.closeTo(-1, 5),
    ])
    for (const { score } of found.hits) expect(Math.abs(score)).toBeLessThanOrEqual(1)
    expect(found.other_model).toBe(0)
  })

  test('finds the same among more documents than are read at once', async () => {
    const { memory, reopen } = await open(newKeys())
    const tenant = newTenant()
    const angles = Array.from({ length: 250 }, (_, index) => 20 + index / 2)
    await memory.add(tenant, document(angles))
    for (const degrees of [11, 12, 13]) await memory.add(tenant, document([degrees, 100]))
    const expected = ['Text at 11.', 'Text at 12.', 'Text at 13.', 'Text at 20.']
    const four = ask(0, { top_k: 4 })
    // The second time from what it has read, then as another process.
    for (const one of [() => memory, () => memory, () => reopen()])
      expect(textsOf(await (await one()).search(tenant, four))).toEqual(expected)
  })

  test('leaves out what is below min_score', async () => {
    const { memory } = await open()
    const tenant = newTenant()
    await memory.add(tenant, document([0, 59, 61, 180]))
    expect(textsOf(await memory.search(tenant, ask(0, { min_score: 0.5 })))).toEqual(['Text at 0.', 'Text at 59.'])
    expect(textsOf(await memory.search(tenant, ask(0, { min_score: 1.1 })))).toEqual([])
  })

  test('gives one passage at least and fifty at most', async () => {
    const { memory } = await open()
    const tenant = newTenant()
    await memory.add(tenant, document(Array.from({ length: 60 }, (_, index) => index)))
    for (const [top_k, given] of [
      [1, 1],
      [7, 7],
      [50, 50],
      [51, 50],
      [1e9, 50],
      [0, 1],
      [-3, 1],
      [2.9, 2],
    ] as const)
      expect((await memory.search(tenant, ask(0, { top_k }))).hits).toHaveLength(given)
  })

  test('keeps tenants apart: nobody finds, counts or removes what is another’s', async () => {
    const { memory } = await open()
    const [mine, theirs] = [newTenant(), newTenant()]
    const id = await memory.add(theirs, document([0, 1, 2]))
    await memory.add(theirs, document([0], { model: 'other' }))
    expect(await memory.search(mine, ask(0))).toEqual({ hits: [], other_model: 0 })
    expect(await memory.count(mine, 'evidence')).toEqual({ documents: 0, passages: 0 })
    expect(await memory.list(mine, 'evidence', ALL)).toEqual({ documents: [], next: null })
    expect(await memory.read(mine, 'evidence', id)).toBeNull()
    for (const which of [{ id }, { added_by: 'nurse-1' }, { before: Number.MAX_SAFE_INTEGER }, 'all'] as const)
      expect(await memory.remove(mine, 'evidence', which)).toEqual(NONE)
    await memory.add(mine, document([90]))
    expect(textsOf(await memory.search(mine, ask(0)))).toEqual(['Text at 90.'])
    // What is nearer and another's takes no place of mine.
    expect(textsOf(await memory.search(mine, ask(0, { top_k: 1 })))).toEqual(['Text at 90.'])
    expect((await memory.search(theirs, ask(0))).hits).toHaveLength(3)
    for (const odd of ['', '%', `${theirs}' or '1'='1`])
      expect(await memory.search(odd, ask(0))).toEqual({ hits: [], other_model: 0 })
  })

  test('keeps its collections apart', async () => {
    const { memory } = await open()
    const tenant = newTenant()
    await memory.add(tenant, document([0, 1]))
    await memory.add(tenant, document([5], { collection: 'memory' }))
    expect(textsOf(await memory.search(tenant, ask(0, { collection: 'memory' })))).toEqual(['Text at 5.'])
    expect(await memory.count(tenant, 'evidence')).toEqual({ documents: 1, passages: 2 })
    expect(await memory.count(tenant, 'memory')).toEqual({ documents: 1, passages: 1 })
    const [{ id } = expect.fail()] = (await memory.list(tenant, 'memory', ALL)).documents
    expect(await memory.read(tenant, 'evidence', id)).toBeNull()
    expect(await memory.remove(tenant, 'evidence', { id })).toEqual(NONE)
    expect(await memory.remove(tenant, 'evidence', 'all')).toEqual({ documents: 1, passages: 2 })
    expect(await memory.count(tenant, 'memory')).toEqual({ documents: 1, passages: 1 })
  })

  test('never compares embeddings of different models or dimensions, and says how many it left out', async () => {
    const { memory } = await open()
    const tenant = newTenant()
    await memory.add(tenant, document([0, 1]))
    await memory.add(tenant, document([0], { model: 'minilm' }))
    await memory.add(tenant, document([0], { passages: passagesAt([0, 1, 2], 8) }))
    expect(await memory.search(tenant, ask(0, { model: 'never-used' }))).toEqual({ hits: [], other_model: 6 })
    expect(await memory.search(tenant, ask(0, { embedding: at(0, 16) }))).toEqual({ hits: [], other_model: 6 })
    const found = await memory.search(tenant, ask(0))
    expect(found).toMatchObject({ other_model: 4, hits: [{ text: 'Text at 0.' }, { text: 'Text at 1.' }] })
  })

  test('takes a document whole or not at all', async () => {
    const { memory } = await open()
    const tenant = newTenant()
    const mixed = [...passagesAt([0, 1], 4), { ...passagesAt([0], 8)[0], position: 3 }] as never
    await expect(memory.add(tenant, document([], { passages: mixed }))).rejects.toThrow()
    expect(await memory.count(tenant, 'evidence')).toEqual({ documents: 0, passages: 0 })
  })

  test('removes a document with all its passages, once', async () => {
    const { memory } = await open()
    const tenant = newTenant()
    const id = await memory.add(tenant, document([0, 1]))
    const other = await memory.add(tenant, document([2], { model: 'minilm' }))
    await memory.add(tenant, document([3]))
    expect(await memory.search(tenant, ask(0))).toMatchObject({ hits: { length: 3 } })
    expect(await memory.remove(tenant, 'evidence', { id })).toEqual({ documents: 1, passages: 2 })
    expect(await memory.remove(tenant, 'evidence', { id })).toEqual(NONE)
    expect(await memory.remove(tenant, 'evidence', { id: other })).toEqual({ documents: 1, passages: 1 })
    expect(await memory.remove(tenant, 'evidence', { id: 'never-was' })).toEqual(NONE)
    expect(await memory.search(tenant, ask(0))).toMatchObject({ hits: [{ text: 'Text at 3.' }], other_model: 0 })
    expect(await memory.count(tenant, 'evidence')).toEqual({ documents: 1, passages: 1 })
  })

  test('keeps what it was given over a restart', async () => {
    const { memory, reopen } = await open(newKeys())
    const tenant = newTenant()
    const id = await memory.add(tenant, document([0, 30]))
    const before = await memory.search(tenant, ask(0))
    const again = await reopen()
    expect(before.hits.map((hit) => hit.id)).toEqual([id, id])
    expect(await again.search(tenant, ask(0))).toEqual(before)
    expect(await again.count(tenant, 'evidence')).toEqual({ documents: 1, passages: 2 })
    expect(await again.remove(tenant, 'evidence', { id })).toEqual({ documents: 1, passages: 2 })
  })

  test('a vector of zeros is near nothing and breaks nothing', async () => {
    const { memory } = await open()
    const tenant = newTenant()
    await memory.add(
      tenant,
      document([], { passages: [{ text: 'Zero.', embedding: new Float32Array(4), position: 1 }] }),
    )
    await memory.add(tenant, document([0]))
    const found = await memory.search(tenant, ask(0))
    expect(found.hits.map(({ text, score }) => [text, score])).toEqual([
      ['Text at 0.', expect.closeTo(1, 5)],
      ['Zero.', 0],
    ])
    for (const { score } of (await memory.search(tenant, ask(0, { embedding: new Float32Array(4) }))).hits)
      expect(score).toBe(0)
  })

  test('lists what it keeps in the order in which it was added, and reads one with its text', async () => {
    const { memory, clock } = await open(newKeys())
    const tenant = newTenant()
    const added: { id: string; added_at: number }[] = []
    // Of two models: Qdrant keeps them apart.
    for (const model of ['bge-m3', 'minilm', 'bge-m3']) {
      clock.now += 1000
      added.push({ id: await memory.add(tenant, document([0, 30, 60], { model })), added_at: clock.now })
    }
    await memory.add(tenant, document([0], { collection: 'memory' }))
    const about = { title: 'Guideline', source: 'guideline.txt', passages: 3, added_by: 'nurse-1' }
    const documents = added.map((one) => ({ ...about, ...one }))
    expect(await memory.list(tenant, 'evidence', ALL)).toEqual({ documents, next: null })
    expect(await memory.read(tenant, 'evidence', added[1]?.id as string)).toEqual({
      ...documents[1],
      texts: ['Text at 0.', 'Text at 30.', 'Text at 60.'],
    })
    expect(await memory.read(tenant, 'evidence', '00000000-0000-7000-8000-000000000000')).toBeNull()
  })

  test('says nothing of who added a document where nobody knows', async () => {
    const { memory } = await open()
    const tenant = newTenant()
    const id = await memory.add(tenant, document([0], { added_by: null }))
    expect((await memory.list(tenant, 'evidence', ALL)).documents).toMatchObject([{ id, added_by: null }])
    expect(await memory.remove(tenant, 'evidence', { added_by: '' })).toEqual(NONE)
  })

  test('its pages hold everything once, also what was added in the same millisecond', async () => {
    const { memory } = await open()
    const tenant = newTenant()
    const ids: string[] = []
    for (let n = 0; n < 7; n++) ids.push(await memory.add(tenant, document([n], { model: n % 2 === 0 ? 'a' : 'b' })))
    for (const limit of [1, 2, 3, 6, 7, 8]) {
      const seen: string[] = []
      const sizes: number[] = []
      let after: string | null = null
      do {
        const page: Page = await memory.list(tenant, 'evidence', { limit, after })
        seen.push(...page.documents.map(({ id }) => id))
        sizes.push(page.documents.length)
        after = page.next
      } while (after !== null)
      expect(seen).toEqual([...ids].sort())
      expect(sizes).toHaveLength(Math.ceil(7 / limit))
    }
  })

  test('a walk through the pages is not led astray by what is added and removed meanwhile', async () => {
    const { memory, clock } = await open()
    const tenant = newTenant()
    const add = async () => {
      clock.now += 1
      return memory.add(tenant, document([0]))
    }
    const [a, b, c, d] = [await add(), await add(), await add(), await add()] as const
    const idsOf = ({ documents }: Page) => documents.map(({ id }) => id)
    const first = await memory.list(tenant, 'evidence', { limit: 2, after: null })
    expect(idsOf(first)).toEqual([a, b])
    // The one that the next page begins behind, and one before it.
    for (const id of [a, b]) await memory.remove(tenant, 'evidence', { id })
    const e = await add()
    const second = await memory.list(tenant, 'evidence', { limit: 2, after: first.next })
    expect(idsOf(second)).toEqual([c, d])
    expect(idsOf(await memory.list(tenant, 'evidence', { limit: 2, after: second.next }))).toEqual([e])
  })

  test('removes all that one caller has added, or all', async () => {
    const { memory } = await open()
    const tenant = newTenant()
    // More than are removed at once.
    for (let n = 0; n < 60; n++) await memory.add(tenant, document([n, n]))
    await memory.add(tenant, document([0], { model: 'minilm' }))
    await memory.add(tenant, document([1], { added_by: 'nurse-2' }))
    await memory.add(tenant, document([2], { added_by: null }))
    expect(await memory.remove(tenant, 'evidence', { added_by: 'nurse-1' })).toEqual({ documents: 61, passages: 121 })
    expect(textsOf(await memory.search(tenant, ask(0)))).toEqual(['Text at 1.', 'Text at 2.'])
    expect(await memory.remove(tenant, 'evidence', 'all')).toEqual({ documents: 2, passages: 2 })
    expect(await memory.search(tenant, ask(0))).toEqual({ hits: [], other_model: 0 })
  })

  test('counts each document once when two remove the same', async () => {
    const { memory } = await open()
    const tenant = newTenant()
    for (let n = 0; n < 20; n++) await memory.add(tenant, document([n, n]))
    const both = await Promise.all([memory.remove(tenant, 'evidence', 'all'), memory.remove(tenant, 'evidence', 'all')])
    if (countsExactly) expect(both[0].documents + both[1].documents).toBe(20)
    expect(await memory.count(tenant, 'evidence')).toEqual(NONE)
  })

  test('stops removing when it is told to', async () => {
    const { memory } = await open()
    const tenant = newTenant()
    for (let n = 0; n < 60; n++) await memory.add(tenant, document([n]))
    const { documents } = await memory.remove(tenant, 'evidence', 'all', AbortSignal.abort())
    expect(documents).toBeLessThan(60)
    expect(await memory.count(tenant, 'evidence')).toEqual({ documents: 60 - documents, passages: 60 - documents })
  })

  test('removes what is older than a time, and says who has any', async () => {
    const { memory, clock } = await open()
    const [mine, theirs] = [newTenant(), newTenant()]
    const begun = clock.now
    await memory.add(mine, document([1], { collection: 'memory' }))
    await memory.add(theirs, document([2], { collection: 'memory', model: 'minilm' }))
    await memory.add(theirs, document([3]))
    clock.now += 1000
    await memory.add(mine, document([4], { collection: 'memory' }))
    const older = async (collection: 'memory' | 'evidence', before: number) =>
      (await memory.tenantsWithOlder(collection, before)).filter((one) => [mine, theirs].includes(one)).sort()
    expect(await older('memory', begun)).toEqual([])
    expect(await older('memory', begun + 1)).toEqual([mine, theirs].sort())
    expect(await older('evidence', begun + 1)).toEqual([theirs])
    expect(await memory.remove(mine, 'memory', { before: begun + 1 })).toEqual({ documents: 1, passages: 1 })
    expect(await older('memory', begun + 1)).toEqual([theirs])
    const left = await memory.search(mine, ask(0, { collection: 'memory' }))
    expect(textsOf(left)).toEqual(['Text at 4.'])
    expect(await memory.count(theirs, 'memory')).toEqual({ documents: 1, passages: 1 })
  })

  describe('at rest', () => {
    const secret = document([], {
      source: `/ward/${CANARY}`,
      title: CANARY,
      metadata: { name: CANARY },
      passages: [{ text: `${CANARY} \u0000 \ud800 has 100 % é.`, embedding: at(77), position: 1 }],
    })
    const vectorBytes = (() => {
      const unit = at(77).map((value) => value / 3)
      return Buffer.from(unit.buffer, 0, 8).toString('latin1')
    })()

    test('no text of a document is to be read where there is a key, and it comes back', async () => {
      const { memory, rawBytes } = await open(newKeys())
      const tenant = newTenant()
      await memory.add(tenant, secret)
      const raw = await rawBytes()
      expect(raw).not.toContain(CANARY)
      if (sealsVectors) expect(raw).not.toContain(vectorBytes)
      const [hit] = (await memory.search(tenant, ask(77))).hits
      expect(hit).toMatchObject({ text: secret.passages[0]?.text, title: CANARY, metadata: { name: CANARY } })
    })

    test('it would be found if it were there: without a key it is', async () => {
      const { memory, rawBytes } = await open(null)
      await memory.add(newTenant(), secret)
      const raw = await rawBytes()
      expect(raw).toContain(CANARY)
      if (sealsVectors) expect(raw).toContain(vectorBytes)
    })

    test.each([
      ['without a key', () => null],
      ['with a key', newKeys],
    ])('nothing of a document is left when it is removed, %s', async (_, keysOf) => {
      const { memory, reopen, rawBytes } = await open(keysOf())
      const tenant = newTenant()
      const id = await memory.add(tenant, secret)
      await memory.search(tenant, ask(77))
      expect(await rawBytes()).toContain(id)
      await memory.remove(tenant, 'evidence', { id })
      // What SQLite has written stays in its log until that is emptied.
      await reopen()
      const raw = await rawBytes()
      for (const trace of [id, CANARY, vectorBytes]) expect(raw.includes(trace)).toBe(false)
    })

    test('what cannot be opened can be removed, by its id and by its age', async () => {
      const { memory, clock, reopen } = await open(newKeys())
      const tenant = newTenant()
      const id = await memory.add(tenant, document([0]))
      await memory.add(tenant, document([1]))
      const lost = await reopen(newKeys())
      await expect(lost.list(tenant, 'evidence', ALL)).rejects.toMatchObject({ fault: 'key_missing' })
      expect(await lost.remove(tenant, 'evidence', { id })).toEqual({ documents: 1, passages: 1 })
      const before = clock.now + 1
      expect(await lost.remove(tenant, 'evidence', { before })).toEqual({ documents: 1, passages: 1 })
    })

    test('what was kept without a key is found with one, beside what is sealed, and after the key has changed', async () => {
      const { memory, reopen } = await open(null)
      const tenant = newTenant()
      await memory.add(tenant, document([10]))
      const keys = newKeys()
      const sealed = await reopen(keys)
      await sealed.add(tenant, document([5, 20]))
      const expected = ['Text at 5.', 'Text at 10.', 'Text at 20.']
      expect(textsOf(await sealed.search(tenant, ask(0)))).toEqual(expected)
      const next = await reopen({ current: randomBytes(32), old: [keys.current] })
      expect(textsOf(await next.search(tenant, ask(0)))).toEqual(expected)
      const lost = await reopen(newKeys())
      await expect(lost.search(tenant, ask(0))).rejects.toMatchObject({ name: 'StoreError', fault: 'key_missing' })
    })
  })
})
