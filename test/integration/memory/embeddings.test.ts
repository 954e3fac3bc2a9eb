import { describe, expect, onTestFinished, test } from 'vitest'
import { startModelServer } from '../../../simulator/server.ts'
import { ModelClient } from '../../../src/models/client.ts'
import { embeddingModel } from '../../../src/models/embedding-model.ts'
import type { Model } from '../../../src/models/port.ts'
import { closedPort, httpAnswer, type RawHandler, startRawServer } from '../../helpers/raw-server.ts'
import { UNCANCELLED } from '../models/subject.ts'

const modelAt = (url: string, more: Partial<Model> = {}): Model => ({
  ...{ id: 'bge-m3', url, gpu: 0, slots: 4, context_window: null, served_model: 'bge-m3-served', api_key: null },
  card: { kind: 'embedding' },
  ...more,
})
function clientOf(model: Model) {
  const client = new ModelClient(model)
  onTestFinished(() => client.close())
  return {
    embed: (texts: readonly string[], within_ms = 5000, cancel = UNCANCELLED) =>
      client.embed({ texts, deadline: performance.now() + within_ms }, cancel),
  }
}
const entry = (embedding: unknown, index?: unknown) => ({
  object: 'embedding',
  embedding,
  ...(index !== undefined && { index }),
})
const list = (...data: unknown[]) => JSON.stringify({ object: 'list', data })

async function answering(...bodies: (string | Parameters<typeof httpAnswer>[0])[]) {
  let at = 0
  const server = await startRawServer(({ socket }) => {
    const body = bodies[Math.min(at++, bodies.length - 1)] as string | Parameters<typeof httpAnswer>[0]
    socket.write(httpAnswer(typeof body === 'string' ? { body } : body))
  })
  return { server, client: clientOf(modelAt(server.url)) }
}
const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0)

describe('the embeddings of a model server', () => {
  test('come in order, whatever the order of the answer, and are asked for as OpenAI words it', async () => {
    const body = JSON.stringify({ data: [entry([0, 2], 1), entry([1, 0], 0)], usage: { prompt_tokens: 7 } })
    const server = await startRawServer(({ socket }) => socket.write(httpAnswer({ body })))
    const client = clientOf(modelAt(server.url, { api_key: 'its-key' }))
    expect(await client.embed(['a', 'b'])).toMatchObject({
      ...{ ok: true, tokens: 7 },
      vectors: [Float32Array.of(1, 0), Float32Array.of(0, 2)],
    })
    const [call] = server.calls
    expect(call).toMatchObject({ method: 'POST', path: '/v1/embeddings', headers: { authorization: 'Bearer its-key' } })
    expect(JSON.parse(call?.body ?? '')).toEqual({
      model: 'bge-m3-served',
      input: ['a', 'b'],
      encoding_format: 'float',
    })
  })

  const BROKEN: readonly [string, string | Parameters<typeof httpAnswer>[0], string | RegExp][] = [
    ['no JSON', 'oops', /is not JSON/],
    ['JSON that is no object', '[]', /holds no embeddings/],
    ['a chat completion', '{"choices":[]}', /holds no embeddings/],
    ['too few', list(entry([1, 2])), /holds 1 embeddings for 2 texts/],
    ['too many', list(entry([1]), entry([1]), entry([1])), /holds 3 embeddings for 2 texts/],
    ['different dimensions', list(entry([1, 2]), entry([1])), /different dimensions/],
    ['empty vectors', list(entry([]), entry([])), /without a vector/],
    ['no vector', list(entry('AAAA'), entry([1])), /without a vector/],
    ['no entry', list(null, entry([1])), /without a vector/],
    ['null in a vector', list(entry([null, 1]), entry([1, 2])), /no number/],
    ['text in a vector', list(entry(['1', 1]), entry([1, 2])), /no number/],
    ['a number beyond 32 bits', '{"data":[{"embedding":[1e39]},{"embedding":[1]}]}', /no number/],
    ['one index twice', list(entry([1], 0), entry([1], 0)), /numbers its vectors wrongly/],
    ['an index that is none', list(entry([1], 0), entry([1], 2)), /numbers its vectors wrongly/],
    ['an index that is text', list(entry([1], '0'), entry([1], 1)), /numbers its vectors wrongly/],
    ['status 204', { status: 202, body: list(entry([1]), entry([1])) }, /has the status 202/],
  ]
  test.each(BROKEN)('that hold %s are a bad answer', async (_, body, message) => {
    const { client } = await answering(body)
    const failed = await client.embed(['Canary', 'b'])
    expect(failed).toMatchObject({ ok: false, code: 'bad_upstream_response', message: expect.stringMatching(message) })
  })

  test.each([
    [401, 'upstream_rejected'],
    [404, 'upstream_rejected'],
    [307, 'upstream_rejected'],
    [429, 'rate_limited'],
    [500, 'upstream_error'],
    [503, 'upstream_error'],
  ])('status %i is %s, and one request is all there is', async (status, code) => {
    const { client, server } = await answering({
      status,
      body: '{"error":{"message":"Canary"}}',
      headers: { location: '/x' },
    })
    const failed = await client.embed(['a'])
    expect(failed).toMatchObject({ ok: false, code, message: expect.not.stringContaining('Canary') })
    expect(server.calls).toHaveLength(1)
  })

  test('a text that is too long for the model is told as such', async () => {
    const { client } = await answering({ status: 400, body: '{"error":{"type":"exceed_context_size_error"}}' })
    expect(await client.embed(['a'])).toMatchObject({ ok: false, code: 'context_overflow' })
  })

  test('an answer that passes the limit, breaks off or trickles ends as what it is', async () => {
    const half: RawHandler = ({ socket }) => {
      socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{"data":[')
    }
    const trickle: RawHandler = ({ socket, closed }) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n')
      const timer = setInterval(() => socket.write(' '), 20)
      void closed.then(() => clearInterval(timer))
    }
    const broken = await startRawServer(half)
    expect(await clientOf(modelAt(broken.url)).embed(['a'])).toMatchObject({ code: 'bad_upstream_response' })
    const slow = await startRawServer(trickle)
    expect(await clientOf(modelAt(slow.url)).embed(['a'], 300)).toMatchObject({ code: 'upstream_timeout' })
    const { client } = await answering({ body: `{"data":[],"x":"${'x'.repeat(17 * 1024 * 1024)}"}` })
    expect(await client.embed(['a'], 15_000)).toMatchObject({ code: 'response_too_large' })
  })

  test('a server that is not there is unreachable; work that is given up is cancelled', async () => {
    const nobody = clientOf(modelAt(`http://127.0.0.1:${await closedPort()}/v1`))
    expect(await nobody.embed(['a'])).toMatchObject({ ok: false, code: 'upstream_unreachable' })
    const { client, server } = await answering(list(entry([1])))
    const cancel = { cancelled: true, onCancel: () => () => undefined }
    expect(await client.embed(['a'], 5000, cancel)).toMatchObject({ ok: false, code: 'cancelled' })
    expect(server.calls).toHaveLength(0)
  })
})

describe('the simulated embeddings', () => {
  test('are the same for the same text, of length 1, and near for texts that share words', async () => {
    const simulator = await startModelServer({ model: 'sim' })
    onTestFinished(() => simulator.close())
    const made = await clientOf(modelAt(simulator.url)).embed([
      'Sepsis: give antibiotics within one hour.',
      'When are antibiotics given in sepsis?',
      'The claim of the insurer was denied for a missing form.',
      'Sepsis: give antibiotics within one hour.',
      '...',
    ])
    if (!made.ok) return expect.fail()
    const [text, near, far, same, blank] = made.vectors as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ]
    expect(same).toEqual(text)
    for (const vector of made.vectors)
      expect([vector.length, Math.hypot(...vector)]).toEqual([256, expect.closeTo(1, 5)])
    expect(cosine(text, near)).toBeGreaterThan(cosine(text, far) + 0.3)
    expect(cosine(text, blank)).toBeLessThan(0.5)
  })

  test('come as base64 where that is asked for, and bad requests are refused', async () => {
    const simulator = await startModelServer({ model: 'sim' })
    onTestFinished(() => simulator.close())
    const post = async (body: object) => {
      const answer = await fetch(`${simulator.url}/embeddings`, { method: 'POST', body: JSON.stringify(body) })
      return { status: answer.status, body: (await answer.json()) as { data: { embedding: never }[] } }
    }
    const [floats, base64] = [await post({ input: 'Fever' }), await post({ input: 'Fever', encoding_format: 'base64' })]
    const bytes = Buffer.from(base64.body.data[0]?.embedding as never, 'base64')
    expect([...new Float32Array(new Uint8Array(bytes).buffer)]).toEqual(floats.body.data[0]?.embedding)
    for (const input of [[], '', [''], [1], null, {}]) expect(await post({ input })).toMatchObject({ status: 400 })
  })
})

describe('which model makes the embeddings', () => {
  const rosterOf = (...models: Partial<Model>[]) =>
    new Map(models.map((more) => [more.id as string, modelAt('http://127.0.0.1:1/v1', more)]))
  const chat = { id: 'chat', card: {} }

  test('is the only one of that kind, or the one that EMBEDDING_MODEL names', () => {
    expect(embeddingModel(rosterOf(chat), null)).toBeNull()
    expect(embeddingModel(rosterOf(chat, { id: 'a' }), null)?.id).toBe('a')
    expect(embeddingModel(rosterOf({ id: 'a' }, { id: 'b' }), 'b')?.id).toBe('b')
  })
  test.each([
    [rosterOf({ id: 'a' }, { id: 'b' }), null, /several models of kind "embedding" \(a, b\): name one/],
    [rosterOf({ id: 'a' }), 'c', /names "c", which is not a model of the roster/],
    [rosterOf(chat, { id: 'a' }), 'chat', /names "chat", whose entry in the roster has no "kind": "embedding"/],
  ])('else the start is stopped with what to do', (models, wanted, message) => {
    expect(() => embeddingModel(models, wanted)).toThrow(message)
  })
})
