import { describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/errors.ts'
import type { Memory, NewDocument, Question } from '../../../src/memory/port.ts'
import { createMemoryService, type Embed, MOST_PASSAGES } from '../../../src/memory/service.ts'

const embed: Embed = async (texts) => ({
  ok: true,
  model: 'bge-m3',
  vectors: texts.map((text) => Float32Array.of(text.length, 1)),
})

function memoryOf(more: Partial<Memory> = {}) {
  const added: { tenant: string; document: NewDocument }[] = []
  const questions: { tenant: string; question: Question }[] = []
  const memory: Memory = {
    async add(tenant, document) {
      added.push({ tenant, document })
      return 'd-1'
    },
    async search(tenant, question) {
      questions.push({ tenant, question })
      return { hits: [], other_model: 0 }
    },
    remove: async () => ({ documents: 0, passages: 0 }),
    list: async () => ({ documents: [], next: null }),
    read: async () => null,
    tenantsWithOlder: async () => [],
    count: async () => ({ documents: 0, passages: 0 }),
    ...more,
  }
  return { memory, added, questions }
}

const about = { source: 'run r-1', title: 'Visit' }

describe('the memory service', () => {
  test('keeps evidence in passages, each with the embedding of its own text', async () => {
    const { memory, added } = memoryOf()
    const text = Array.from({ length: 20 }, (_, at) => `S${at} ${'word '.repeat(48)}end.`).join(' ')
    const kept = await createMemoryService({ memory, embed }).addEvidence('t', {
      ...about,
      text,
      metadata: { a: 1 },
      added_by: 'nurse-1',
    })
    const [{ tenant, document } = expect.fail()] = added
    expect(kept).toEqual({ ok: true, id: 'd-1', passages: document.passages.length })
    expect(document.passages.length).toBeGreaterThan(2)
    expect({ tenant, ...document }).toMatchObject({
      tenant: 't',
      collection: 'evidence',
      model: 'bge-m3',
      ...about,
      metadata: { a: 1 },
      added_by: 'nurse-1',
    })
    for (const [at, { text, embedding, position }] of document.passages.entries())
      expect([embedding[0], position]).toEqual([text.length, at + 1])
  })

  test('keeps what a conversation leaves apart from evidence', async () => {
    const { memory, added, questions } = memoryOf()
    const service = createMemoryService({ memory, embed })
    await service.remember('t', 'Allergic to penicillin.', about)
    await service.recall('t', 'allergies?')
    await service.recall('t', 'dose?', { collection: 'evidence', top_k: 9, min_score: 0.3 })
    expect(added[0]?.document).toMatchObject({ collection: 'memory', metadata: {}, added_by: null })
    expect(questions).toMatchObject([
      { tenant: 't', question: { collection: 'memory', top_k: 5, min_score: 0, model: 'bge-m3' } },
      { tenant: 't', question: { collection: 'evidence', top_k: 9, min_score: 0.3 } },
    ])
  })

  test('says what could not be searched', async () => {
    const { memory } = memoryOf({ search: async () => ({ hits: [], other_model: 7 }) })
    expect(await createMemoryService({ memory, embed }).recall('t', 'x')).toEqual({
      ok: true,
      hits: [],
      warning: expect.stringMatching(/^7 passages were not searched/),
    })
  })

  test('keeps neither blank text nor a library', async () => {
    const { memory, added } = memoryOf()
    const service = createMemoryService({ memory, embed })
    expect(await service.remember('t', ' \n', about)).toMatchObject({ ok: false, reason: 'empty' })
    const text = 'word '.repeat(300 * (MOST_PASSAGES + 1))
    expect(await service.addEvidence('t', { ...about, text })).toMatchObject({ ok: false, reason: 'too_long' })
    expect(added).toEqual([])
  })

  test('hands on the time that is left, and who may give the work up', async () => {
    const seen: unknown[] = []
    const cancel = { cancelled: false, onCancel: () => () => undefined }
    const service = createMemoryService({
      memory: memoryOf().memory,
      embed: async (texts, patience) => {
        seen.push(patience)
        return embed(texts, patience)
      },
    })
    await service.recall('t', 'x', { deadline: 12, cancel })
    await service.remember('t', 'x', about, { deadline: 34 })
    await service.recall('t', 'x')
    expect(seen).toEqual([{ deadline: 12, cancel }, { deadline: 34 }, { deadline: expect.any(Number) }])
  })
})

describe('without a memory everything else goes on', () => {
  const everything = async (parts: Parameters<typeof createMemoryService>[0]) => {
    const service = createMemoryService(parts)
    return [
      await service.recall('t', 'x'),
      await service.remember('t', 'Text.', about),
      await service.addEvidence('t', { ...about, text: 'Text.' }),
    ]
  }

  test('no embedding model', async () => {
    const { memory, added, questions } = memoryOf()
    for (const answer of await everything({ memory, embed: null }))
      expect(answer).toEqual({
        ...{ ok: false, reason: 'unavailable', cause: 'no_embedding_model', code: null },
        message: 'There is no memory: no model of the roster makes embeddings.',
      })
    expect([...added, ...questions]).toEqual([])
  })

  test('an embedding model that fails', async () => {
    const { memory, added, questions } = memoryOf()
    const failing: Embed = async () => ({ ok: false, code: 'upstream_timeout', message: 'It did not answer in time.' })
    for (const answer of await everything({ memory, embed: failing }))
      expect(answer).toMatchObject({
        ...{ ok: false, reason: 'unavailable', cause: 'embedding', code: 'upstream_timeout' },
        message: expect.stringContaining('It did not answer in time.'),
      })
    expect([...added, ...questions]).toEqual([])
  })

  test('a store that is down', async () => {
    const down = async () => {
      throw new StoreError('unavailable', 'PostgreSQL cannot be reached')
    }
    const faults: unknown[] = []
    const { memory } = memoryOf({ add: down, search: down })
    for (const answer of await everything({ memory, embed, onFault: (error) => faults.push(error) }))
      expect(answer).toMatchObject({ ok: false, reason: 'unavailable', cause: 'memory', code: 'unavailable' })
    expect(faults).toEqual([])
  })

  test('a fault of ours is not hidden, and its text goes to nobody', async () => {
    const bug = async () => {
      throw new TypeError('undefined is Canary Patient')
    }
    const faults: unknown[] = []
    const { memory } = memoryOf({ add: bug, search: bug })
    for (const answer of await everything({ memory, embed, onFault: (error) => faults.push(error) })) {
      expect(answer).toMatchObject({ ok: false, reason: 'unavailable', cause: 'memory', code: 'internal_error' })
      expect(JSON.stringify(answer)).not.toContain('Canary')
    }
    expect(faults).toHaveLength(3)
  })
})
