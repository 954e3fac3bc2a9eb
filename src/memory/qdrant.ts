import { hash, randomUUID } from 'node:crypto'
import { QdrantClient } from '@qdrant/js-client-rest'
import { StoreError } from '../errors.ts'
import { newDocumentId } from './document-id.ts'
import {
  type Collection,
  type Found,
  type Hit,
  type ListedDocument,
  type Memory,
  MOST_HITS,
  type NewDocument,
  type Page,
  type Question,
  type ReadDocument,
  type Sealer,
  type Which,
} from './port.ts'

export interface QdrantOptions {
  /** Base URL; whether it may be called has been decided. */
  url: URL
  api_key: string | null
  /** For what a payload holds beside its ids. Vectors stay bare: Qdrant has to compare them. */
  sealer: Sealer
  /** For each request, in ms. @default 10000 */
  timeout_ms?: number
  /** Epoch ms. @default the system's */
  now?: () => number
}

/** Ours among the collections of a server that others may use too. */
const PREFIX = 'consilium_'
/** Points in one request: with 4096 dimensions some 5 MB, where Qdrant takes 32. */
const MOST_POINTS = 100
/** Points that one request reads: the passages of a document, or as many of the oldest documents. */
const MOST_READ = 1000

/** One for each model and number of dimensions: Qdrant compares only what has the same. */
const nameOf = (model: string, dims: number): string => `${PREFIX}${dims}_${hash('sha256', model).slice(0, 16)}`

/** What a point carries. */
interface Payload {
  tenant: string
  collection: string
  document_id: string
  position: number
  /** Of the document, as are the next two. */
  passages: number
  created_at: number
  added_by: string | null
  /** Source, title, metadata and text, sealed, as base64. */
  body: string
}

type Body = Pick<Hit, 'source' | 'title' | 'metadata' | 'text'>
type Condition = { key: string; match: { value: string | number } } | { key: string; range: { lt: number } }
type Further = Partial<Pick<Payload, 'collection' | 'document_id' | 'position'> & { added_by: string }>

const equal = (wanted: Record<string, string | number>): Condition[] =>
  Object.entries(wanted).map(([key, value]) => ({ key, match: { value } }))

const olderThan = (before: number): Condition => ({ key: 'created_at', range: { lt: before } })

/** What must hold of points. No question, count or removal is without a tenant. */
const only = (tenant: string, further: Further) => ({ must: equal({ tenant, ...further }) })

/** The points of the documents that are meant, also those that a failure has left over. */
function chosen(tenant: string, collection: Collection, which: Which): ReturnType<typeof only> {
  if (which === 'all') return only(tenant, { collection })
  if ('id' in which) return only(tenant, { collection, document_id: which.id })
  if ('added_by' in which) return only(tenant, { collection, added_by: which.added_by })
  return { must: [...only(tenant, { collection }).must, olderThan(which.before)] }
}

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

const INDEXED = [
  ['collection', 'keyword'],
  ['document_id', 'keyword'],
  ['added_by', 'keyword'],
  ['position', 'integer'],
  ['created_at', 'integer'],
] as const

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
  for (const [field_name, field_schema] of INDEXED)
    await client.createPayloadIndex(name, { field_name, field_schema, wait: true })
}

/** The memory in a Qdrant server, over its official client. */
export function createQdrantMemory(options: QdrantOptions): Memory {
  const { sealer, now = Date.now } = options
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

  const removeFrom = (name: string, filter: ReturnType<typeof only>) => client.delete(name, { filter, wait: true })

  function pointsOf(tenant: string, document_id: string, created_at: number, document: NewDocument) {
    const { source, title, metadata, collection, added_by, passages } = document
    const shared = { tenant, collection, document_id, passages: passages.length, created_at, added_by }
    return passages.map(({ text, embedding, position }) => {
      const payload: Payload = { ...shared, position, body: '' }
      const body: Body = { source, title, metadata, text }
      payload.body = Buffer.from(sealer.seal(body, ...placeOf(payload))).toString('base64')
      // The first passage stands for its document in lists: Qdrant gives points in the order of their ids.
      const id = position === 1 ? document_id : randomUUID()
      return { id, vector: [...embedding], payload: { ...payload } }
    })
  }

  async function add(tenant: string, document: NewDocument): Promise<string> {
    const dims = document.passages[0]?.embedding.length ?? 0
    const name = nameOf(document.model, dims)
    const created_at = now()
    const document_id = newDocumentId(created_at)
    if (!prepared.has(name)) await prepare(client, name, dims)
    prepared.add(name)
    const points = pointsOf(tenant, document_id, created_at, document)
    try {
      for (let from = 0; from < points.length; from += MOST_POINTS)
        await client.upsert(name, { points: points.slice(from, from + MOST_POINTS), wait: true })
    } catch (error) {
      // Made anew the next time, in case somebody has dropped it.
      prepared.delete(name)
      // Qdrant has no transactions: what came before must not be found as if it were the whole document.
      await removeFrom(name, only(tenant, { document_id })).catch(() => undefined)
      throw error
    }
    return document_id
  }

  const bodyOf = (payload: Payload): Body =>
    sealer.open(Buffer.from(payload.body, 'base64'), ...placeOf(payload)) as Body

  function hitOf(payload: Payload, score: number): Hit {
    const { source, title, metadata, text } = bodyOf(payload)
    return { id: payload.document_id, source, title, text, score, position: payload.position, metadata }
  }

  function listedOf(payload: Payload): ListedDocument {
    const { source, title } = bodyOf(payload)
    const { document_id: id, passages, created_at: added_at, added_by } = payload
    return { id, source, title, passages, added_at, added_by }
  }

  /** Payloads of points that the filter lets through, of every model, each model's in the order of its points' ids. */
  async function scrolled(
    filter: ReturnType<typeof only>,
    {
      limit,
      offset = null,
      with_payload = true,
    }: { limit: number; offset?: string | null; with_payload?: true | string[] },
  ): Promise<Payload[]> {
    const from = offset === null ? {} : { offset }
    const found = await Promise.all(
      (await names()).map((name) => client.scroll(name, { filter, limit, with_payload, ...from })),
    )
    return found.flatMap(({ points }) => points.map(({ payload }) => payload as unknown as Payload))
  }

  async function list(
    tenant: string,
    collection: Collection,
    { limit, after }: Parameters<Memory['list']>[2],
  ): Promise<Page> {
    // One more that says whether there are others, and the one that the page begins behind.
    const wish = { limit: limit + 2, offset: after }
    const payloads = (await scrolled(only(tenant, { collection, position: 1 }), wish))
      .filter(({ document_id }) => document_id !== after)
      .sort((a, b) => (a.document_id < b.document_id ? -1 : 1))
    const documents = payloads.slice(0, limit).map(listedOf)
    return { documents, next: payloads.length > limit ? (documents.at(-1)?.id ?? null) : null }
  }

  async function read(tenant: string, collection: Collection, id: string): Promise<ReadDocument | null> {
    const filter = only(tenant, { collection, document_id: id })
    const payloads = (await scrolled(filter, { limit: MOST_READ })).sort((a, b) => a.position - b.position)
    const [first] = payloads
    return first === undefined ? null : { ...listedOf(first), texts: payloads.map((one) => bodyOf(one).text) }
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

      .map(({ payload, score }) => hitOf(payload as unknown as Payload, Math.min(Math.max(score, -1), 1)))
      .filter(({ score }) => score >= min_score)
    return { hits, other_model: await countAll(filter, name) }
  }

  return {
    add: (tenant, document) => guarded(() => add(tenant, document)),
    search: (tenant, question) => guarded(() => search(tenant, question)),
    list: (tenant, collection, page) => guarded(() => list(tenant, collection, page)),
    read: (tenant, collection, id) => guarded(() => read(tenant, collection, id)),
    remove: (tenant, collection, which, signal) =>
      guarded(async () => {
        const filter = chosen(tenant, collection, which)
        const firsts = { must: [...filter.must, ...equal({ position: 1 })] }
        const removed = { documents: 0, passages: 0 }
        for (const name of await names()) {
          if (signal?.aborted === true) break
          const [documents, passages] = await Promise.all([countIn(name, firsts), countIn(name, filter)])
          if (passages === 0) continue
          await removeFrom(name, filter)
          removed.documents += documents
          removed.passages += passages
        }
        return removed
      }),
    count: (tenant, collection) =>
      guarded(async () => ({
        documents: await countAll(only(tenant, { collection, position: 1 })),
        passages: await countAll(only(tenant, { collection })),
      })),
    tenantsWithOlder: (collection, before) =>
      guarded(async () => {
        const filter = { must: [...equal({ collection }), olderThan(before)] }
        const points = await scrolled(filter, { limit: MOST_READ, with_payload: ['tenant'] })
        return [...new Set(points.map(({ tenant }) => tenant))]
      }),
  }
}
