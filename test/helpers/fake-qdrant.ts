import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

type Json = Record<string, unknown>
interface Point {
  id: string | number
  vector: number[]
  payload: Json
}
interface Collection {
  size: number
  indexes: Map<string, unknown>
  points: Map<string | number, Point>
}
type Condition = { key: string } & ({ match: { value: unknown } } | { range: { lt: number } })

export interface FakeQdrant {
  url: URL
  /** Every request that carries a filter, or should: method and path, and its body. */
  asked: { call: string; body: Json }[]
  /** All that it holds, as whoever steals its disk sees it. */
  rawBytes: () => string
  collections: ReadonlyMap<string, Collection>
  /** Answers to come, the next one first: a status, `hang`, or null for an honest one. */
  faults: (number | 'hang' | null)[]
}

class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const holds = (payload: Json, filter: Json | undefined): boolean => {
  const { must = [], ...rest } = filter ?? {}
  if (Object.keys(rest).length > 0) throw new Refusal(400, 'the fake knows no filter but must')
  return (must as Condition[]).every((condition) => {
    const value = payload[condition.key]
    return 'match' in condition
      ? value === condition.match.value
      : typeof value === 'number' && value < condition.range.lt
  })
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/

const lengthOf = (vector: readonly number[]): number => Math.hypot(...vector)

function cosine(a: readonly number[], b: readonly number[]): number {
  const lengths = lengthOf(a) * lengthOf(b)
  return lengths === 0 ? 0 : a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0) / lengths
}

function checked(collection: Collection, vector: unknown): number[] {
  if (!Array.isArray(vector) || !vector.every(Number.isFinite)) throw new Refusal(400, 'no vector')
  if (vector.length !== collection.size)
    throw new Refusal(400, `Vector dimension error: expected dim: ${collection.size}, got ${vector.length}`)
  // As Qdrant: 32 bits.
  return [...Float32Array.from(vector)]
}

/** What each route does, by method and what follows the name of the collection. */
const ROUTES: Readonly<Record<string, (collection: Collection, body: Json) => unknown>> = {
  'PUT /index': ({ indexes }, { field_name, field_schema }) => {
    indexes.set(field_name as string, field_schema)
    return { operation_id: 1, status: 'completed' }
  },
  'PUT /points': (collection, { points }) => {
    const read = (points as Point[]).map((point) => ({ ...point, vector: checked(collection, point.vector) }))
    for (const point of read) collection.points.set(point.id, point)
    return { operation_id: 2, status: 'completed' }
  },
  'POST /points/count': ({ points }, { filter }) => ({
    count: [...points.values()].filter(({ payload }) => holds(payload, filter as Json)).length,
  }),
  // In the order of their ids, from `offset` on.
  'POST /points/scroll': (
    { points },
    { filter, limit = 10, offset = null, with_payload = true, with_vector, ...rest },
  ) => {
    if (with_vector === true || Object.keys(rest).length > 0)
      throw new Refusal(400, 'the fake scrolls by id only, and without vectors')
    if (offset !== null && !UUID.test(offset as string)) throw new Refusal(400, 'no id of a point')
    const found = [...points.values()]
      .filter(({ id, payload }) => holds(payload, filter as Json) && (offset === null || id >= (offset as string)))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
    const shown = (payload: Json): Json =>
      Array.isArray(with_payload)
        ? Object.fromEntries(Object.entries(payload).filter(([key]) => with_payload.includes(key)))
        : payload
    return {
      points: found.slice(0, limit as number).map(({ id, payload }) => ({ id, payload: shown(payload) })),
      next_page_offset: found[limit as number]?.id ?? null,
    }
  },
  'POST /points/delete': ({ points }, { filter }) => {
    if (filter === undefined) throw new Refusal(400, 'the fake deletes by filter only')
    for (const { id, payload } of points.values()) if (holds(payload, filter as Json)) points.delete(id)
    return { operation_id: 3, status: 'completed' }
  },
  'POST /points/query': (collection, { query, filter, limit = 10, score_threshold = null, with_payload }) => {
    const asked = checked(collection, query)
    const points = [...collection.points.values()]
      .filter(({ payload }) => holds(payload, filter as Json))
      .map(({ id, vector, payload }) => ({ id, version: 1, score: cosine(asked, vector), payload }))
      .filter(({ score }) => score_threshold === null || score >= (score_threshold as number))
      .sort((a, b) => b.score - a.score)
      .slice(0, limit as number)
    return { points: with_payload === true ? points : points.map(({ payload: _, ...point }) => point) }
  },
}

function answer(collections: Map<string, Collection>, method: string, path: string, body: Json): unknown {
  if (method === 'GET' && path === '/collections')
    return { collections: [...collections.keys()].map((name) => ({ name })) }
  const [, name = '', rest = ''] = /^\/collections\/([^/]+)(\/.*)?$/.exec(path) ?? []
  const collection = collections.get(name)
  if (method === 'GET' && rest === '/exists') return { exists: collection !== undefined }
  if (method === 'PUT' && name !== '' && rest === '') {
    if (collection !== undefined) throw new Refusal(409, `Wrong input: Collection \`${name}\` already exists!`)
    const { size, distance } = body.vectors as { size: number; distance: string }
    if (distance !== 'Cosine') throw new Refusal(400, 'the fake compares by cosine only')
    collections.set(name, { size, indexes: new Map(), points: new Map() })
    return true
  }
  const route = ROUTES[`${method} ${rest}`]
  if (route === undefined) throw new Refusal(404, 'no such route')
  if (collection === undefined) throw new Refusal(404, `Not found: Collection \`${name}\` doesn't exist!`)
  return route(collection, body)
}

async function readBody(req: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return text === '' ? {} : JSON.parse(text)
}

const send = (res: ServerResponse, status: number, body: object): void =>
  void res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ time: 0.001, ...body }))

/**
 * The part of Qdrant's REST API that we use, by its documentation: collections of one size, points, payload indexes, count,
 * scroll, delete and query by filter. It keeps its promises in memory until the test ends; with a key it refuses calls without it.
 */
export async function startFakeQdrant(apiKey: string | null = null): Promise<FakeQdrant> {
  const collections = new Map<string, Collection>()
  const asked: FakeQdrant['asked'] = []
  const faults: FakeQdrant['faults'] = []
  const server = createServer((req, res) => {
    void readBody(req).then((body) => {
      const path = (req.url ?? '').split('?', 1)[0] as string
      asked.push({ call: `${req.method} ${path.replace(/^\/collections\/[^/]+/, '')}`, body })
      const fault = faults.shift() ?? null
      if (fault === 'hang') return
      try {
        if (apiKey !== null && req.headers['api-key'] !== apiKey) throw new Refusal(401, 'Must provide an API key')
        if (fault !== null) throw new Refusal(fault, `a fault, quoting ${JSON.stringify(body)}`)
        send(res, 200, { status: 'ok', result: answer(collections, req.method ?? '', path, body) })
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        send(res, error.status, { status: { error: error.message } })
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    asked,
    faults,
    collections,
    rawBytes: () => JSON.stringify([...collections.values()].map(({ points }) => [...points.values()])),
  }
}
