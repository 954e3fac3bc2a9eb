import { randomUUID } from 'node:crypto'
import { ownId } from '../contract/own-id.ts'
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
} from './port.ts'
import { type Body, chosen, equal, olderThan, only, type Payload, placeOf } from './qdrant-points.ts'
import { clientOf, guarded, nameOf, PREFIX, prepare, type QdrantOptions, statusOf } from './qdrant-server.ts'

/** Points in one request: with 4096 dimensions some 5 MB, where Qdrant takes 32. */
const MOST_POINTS = 100
/** Points that one request reads: the passages of a document, or as many of the oldest documents. */
const MOST_READ = 1000

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
    const document_id = ownId(created_at, randomUUID())
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
