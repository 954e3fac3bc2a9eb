import { hash, randomUUID } from 'node:crypto'
import { QdrantClient } from '@qdrant/js-client-rest'
import { StoreError } from '../errors.ts'
import { type Found, type Hit, type Memory, MOST_HITS, type NewDocument, type Question, type Sealer } from './port.ts'

export interface QdrantOptions {
  /** Base URL; whether it may be called has been decided. */
  url: URL
  api_key: string | null
  /** For what a payload holds beside its ids. Vectors stay bare: Qdrant has to compare them. */
  sealer: Sealer
  /** For each request, in ms. @default 10000 */
  timeout_ms?: number
}

/** Ours among the collections of a server that others may use too. */
const PREFIX = 'consilium_'
/** Points in one request: with 4096 dimensions some 5 MB, where Qdrant takes 32. */
const MOST_POINTS = 100

/** One for each model and number of dimensions: Qdrant compares only what has the same. */
const nameOf = (model: string, dims: number): string => `${PREFIX}${dims}_${hash('sha256', model).slice(0, 16)}`

/** What a point carries. */
interface Payload {
  tenant: string
  collection: string
  document_id: string
  position: number
  /** Source, title, metadata and text, sealed, as base64. */
  body: string
}

type Body = Pick<Hit, 'source' | 'title' | 'metadata' | 'text'>
type Condition = { key: string; match: { value: string | number } }

/** What must hold of points. No question, count or removal is without a tenant. */
const only = (tenant: string, further: Partial<Pick<Payload, 'collection' | 'document_id' | 'position'>>) => ({
  must: Object.entries({ tenant, ...further }).map(([key, value]): Condition => ({ key, match: { value } })),
})

const placeOf = ({ tenant, document_id, position }: Payload): string[] => [
  'qdrant.payload',
  tenant,
  document_id,
  `${position}`,
]

const statusOf = (error: unknown): unknown => (error as { status?: unknown }).status

/** Never repeats what Qdrant says: it may quote payloads. */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof StoreError) throw error
    const status = statusOf(error)
    const said = typeof status === 'number' ? `answered ${status}` : 'does not answer'
    throw new StoreError('unavailable', `Qdrant ${said}`, { cause: error })
  }
}

function clientOf({ url, api_key, timeout_ms = 10_000 }: QdrantOptions): QdrantClient {
  const prefix = url.pathname.replace(/\/+$/, '')
  return new QdrantClient({
    url: url.origin,
    ...(prefix !== '' && { prefix }),
    // As a header, because the client writes to the console about keys on plain HTTP.
    ...(api_key !== null && { headers: { 'api-key': api_key } }),
    timeout: timeout_ms,
    checkCompatibility: false,
  })
}

/** Makes what is not there yet. Two that begin at once both succeed. */
async function prepare(client: QdrantClient, name: string, dims: number): Promise<void> {
  if ((await client.collectionExists(name)).exists) return
  try {
    await client.createCollection(name, { vectors: { size: dims, distance: 'Cosine' } })
  } catch (error) {
    if (!(await client.collectionExists(name)).exists) throw error
  }
  await client.createPayloadIndex(name, {
    field_name: 'tenant',
    field_schema: { type: 'keyword', is_tenant: true },
    wait: true,
  })
  for (const field_name of ['collection', 'document_id'])
    await client.createPayloadIndex(name, { field_name, field_schema: 'keyword', wait: true })
}

/** The memory in a Qdrant server, over its official client. */
export function createQdrantMemory(options: QdrantOptions): Memory {
  const { sealer } = options
  const client = clientOf(options)
  const prepared = new Set<string>()

  const names = async (): Promise<string[]> =>
    (await client.getCollections()).collections.map(({ name }) => name).filter((name) => name.startsWith(PREFIX))

  const countIn = async (name: string, filter: ReturnType<typeof only>): Promise<number> =>
    (await client.count(name, { filter, exact: true })).count

  async function countAll(filter: ReturnType<typeof only>, except?: string): Promise<number> {
    const wanted = (await names()).filter((name) => name !== except)
    return (await Promise.all(wanted.map((name) => countIn(name, filter)))).reduce((sum, one) => sum + one, 0)
  }

  const removeFrom = (name: string, tenant: string, document_id: string) =>
    client.delete(name, { filter: only(tenant, { document_id }), wait: true })

  function pointsOf(tenant: string, document_id: string, { collection, passages, ...rest }: NewDocument) {
    const { source, title, metadata } = rest
    return passages.map(({ text, embedding, position }) => {
      const payload: Payload = { tenant, collection, document_id, position, body: '' }
      const body: Body = { source, title, metadata, text }
      payload.body = Buffer.from(sealer.seal(body, ...placeOf(payload))).toString('base64')
      return { id: randomUUID(), vector: [...embedding], payload: { ...payload } }
    })
  }

  async function add(tenant: string, document: NewDocument): Promise<string> {
    const dims = document.passages[0]?.embedding.length ?? 0
    const name = nameOf(document.model, dims)
    const document_id = randomUUID()
    if (!prepared.has(name)) await prepare(client, name, dims)
    prepared.add(name)
    const points = pointsOf(tenant, document_id, document)
    try {
      for (let from = 0; from < points.length; from += MOST_POINTS)
        await client.upsert(name, { points: points.slice(from, from + MOST_POINTS), wait: true })
    } catch (error) {
      // Made anew the next time, in case somebody has dropped it.
      prepared.delete(name)
      // Qdrant has no transactions: what came before must not be found as if it were the whole document.
      await removeFrom(name, tenant, document_id).catch(() => undefined)
      throw error
    }
    return document_id
  }

  function hitOf(payload: unknown, score: number): Hit {
    const { body, ...place } = payload as Payload
    const { source, title, metadata, text } = sealer.open(
      Buffer.from(body, 'base64'),
      ...placeOf(place as Payload),
    ) as Body
    return { id: place.document_id, source, title, text, score, position: place.position, metadata }
  }

  async function search(tenant: string, question: Question): Promise<Found> {
    const { model, embedding, collection, min_score } = question
    const name = nameOf(model, embedding.length)
    const filter = only(tenant, { collection })
    const limit = Math.min(Math.max(Math.trunc(question.top_k), 1), MOST_HITS)
    const asked = { query: [...embedding], filter, limit, score_threshold: min_score, with_payload: true }
    const { points } = await client.query(name, asked).catch((error: unknown) => {
      // Nothing was ever added with this model.
      if (statusOf(error) === 404) return { points: [] }
      throw error
    })
    const hits = points
      .map(({ payload, score }) => hitOf(payload, Math.min(Math.max(score, -1), 1)))
      .filter(({ score }) => score >= min_score)
    return { hits, other_model: await countAll(filter, name) }
  }

  return {
    add: (tenant, document) => guarded(() => add(tenant, document)),
    search: (tenant, question) => guarded(() => search(tenant, question)),
    remove: (tenant, id) =>
      guarded(async () => {
        const all = await names()
        const held = await Promise.all(all.map((name) => countIn(name, only(tenant, { document_id: id }))))
        const holding = all.filter((_, at) => (held[at] ?? 0) > 0)
        for (const name of holding) await removeFrom(name, tenant, id)
        return holding.length > 0
      }),
    count: (tenant, collection) =>
      guarded(async () => ({
        documents: await countAll(only(tenant, { collection, position: 1 })),
        passages: await countAll(only(tenant, { collection })),
      })),
  }
}
