import { setImmediate as turn } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Found, Hit, Question } from '../../memory/port.ts'
import type { Backend, Db } from '../backend.ts'
import type { Clinical } from '../clinical.ts'
import {
  bytesOf,
  cosine,
  keyOf,
  Nearest,
  type Scored,
  unit,
  type VectorCache,
  type Vectors,
  vectorOf,
} from '../vectors.ts'

/** Documents that are listed at once. */
const PAGE = 1000
/** Vectors that are read and opened at once: a few milliseconds. */
const MOST_READ = 200
const MOST_HITS = 50

interface Parts {
  backend: Backend
  clinical: Clinical
  cache: VectorCache
}

/** One question of one tenant, its vector of length 1. */
interface Search extends Question {
  tenant: string
  dims: number
}

/** A document that may hold an answer. */
interface Listed {
  document_id: string
  passages: number
  sealed: number
}

/** Bare vectors, compared by the database. */
const comparedThere = (db: Db, { tenant, collection, model, dims, embedding, top_k }: Search): Promise<Scored[]> =>
  db
    .selectFrom('memory_documents as d')
    .innerJoin('memory_passages as p', (join) =>
      join.onRef('p.tenant', '=', 'd.tenant').onRef('p.document_id', '=', 'd.document_id'),
    )
    .where('d.tenant', '=', tenant)
    .where('d.collection', '=', collection)
    .where('d.model', '=', model)
    .where('d.dims', '=', dims)
    .where('d.sealed', '=', 0)
    .select(['p.document_id', 'p.position'])
    // It has no distance from a vector of zeros, and rounds past 1.
    .select(
      sql<number>`min(max(coalesce(1 - vec_distance_cosine(p.vector, ${bytesOf(embedding)}), 0), -1), 1)`.as('score'),
    )
    .orderBy('score', 'desc')
    .orderBy('p.document_id')
    .orderBy('p.position')
    .limit(top_k)
    .execute()

const listed = (db: Db, search: Search, after: string | null, sealedOnly: boolean): Promise<Listed[]> =>
  db
    .selectFrom('memory_documents')
    .select(['document_id', 'passages', 'sealed'])
    .where('tenant', '=', search.tenant)
    .where('collection', '=', search.collection)
    .where('model', '=', search.model)
    .where('dims', '=', search.dims)
    .$if(sealedOnly, (query) => query.where('sealed', '=', 1))
    .$if(after !== null, (query) => query.where('document_id', '>', after))
    .orderBy('document_id')
    .limit(PAGE)
    .execute()

/** Groups of documents that are small enough to be read at once; one document alone may be larger. */
function* groups(documents: readonly Listed[]): Generator<Listed[]> {
  let group: Listed[] = []
  let size = 0
  for (const document of documents) {
    if (group.length > 0 && size + document.passages > MOST_READ) {
      yield group
      group = []
      size = 0
    }
    group.push(document)
    size += document.passages
  }
  if (group.length > 0) yield group
}

async function readVectors({ backend, clinical }: Parts, { tenant, dims }: Search, documents: readonly Listed[]) {
  const sealed = new Map(documents.map((one) => [one.document_id, one.sealed === 1]))
  const rows = await backend.read(tenant, (db) =>
    db
      .selectFrom('memory_passages')
      .select(['document_id', 'position', 'vector'])
      .where('tenant', '=', tenant)
      .where('document_id', 'in', [...sealed.keys()])
      .execute(),
  )
  const open = (id: string, position: number, bytes: Uint8Array): Uint8Array =>
    Buffer.from(clinical.open(bytes, 'memory_passages.vector', tenant, id, `${position}`) as string, 'base64')
  const read = new Map<string, { position: number; vector: Float32Array }[]>()
  for (const { document_id, position, vector } of rows) {
    const bytes = sealed.get(document_id) ? open(document_id, position, vector) : vector
    const vectors = read.get(document_id) ?? []
    read.set(document_id, vectors)
    vectors.push({ position, vector: vectorOf(bytes, dims) })
  }
  return read
}

function compare(best: Nearest, { embedding }: Search, document_id: string, vectors: Vectors): void {
  for (const { position, vector } of vectors) best.offer({ document_id, position, score: cosine(vector, embedding) })
}

/** Compares here, group by group, so that nobody waits for all of it. What is added meanwhile may be missed. */
async function compareHere(parts: Parts, search: Search, best: Nearest, sealedOnly: boolean): Promise<void> {
  const { tenant } = search
  let after: string | null = null
  for (;;) {
    const from: string | null = after
    const page: Listed[] = await parts.backend.read(tenant, (db) => listed(db, search, from, sealedOnly))
    const unread: Listed[] = []
    for (const document of page) {
      const vectors = parts.cache.get(keyOf(tenant, document.document_id))
      if (vectors === undefined) unread.push(document)
      else compare(best, search, document.document_id, vectors)
    }
    for (const group of groups(unread)) {
      await turn()
      for (const [id, vectors] of await readVectors(parts, search, group)) {
        parts.cache.set(keyOf(tenant, id), vectors)
        compare(best, search, id, vectors)
      }
    }
    if (page.length < PAGE) return
    after = page.at(-1)?.document_id ?? null
    await turn()
  }
}

/** What the best hold; one that was removed meanwhile is gone. */
async function hitsOf(db: Db, clinical: Clinical, tenant: string, best: readonly Scored[]): Promise<Hit[]> {
  if (best.length === 0) return []
  const rows = await db
    .selectFrom('memory_passages as p')
    .innerJoin('memory_documents as d', (join) =>
      join.onRef('d.tenant', '=', 'p.tenant').onRef('d.document_id', '=', 'p.document_id'),
    )
    .select(['p.document_id', 'p.position', 'p.text', 'd.head'])
    .where('p.tenant', '=', tenant)
    .where(({ eb, refTuple, tuple }) =>
      eb(
        refTuple('p.document_id', 'p.position'),
        'in',
        best.map(({ document_id, position }) => tuple(document_id, position)),
      ),
    )
    .execute()
  return best.flatMap(({ document_id: id, position, score }) => {
    const row = rows.find((one) => one.document_id === id && one.position === position)
    if (row === undefined) return []
    const head = clinical.open(row.head, 'memory_documents.head', tenant, id)
    const text = clinical.open(row.text, 'memory_passages.text', tenant, id, `${position}`) as string
    return [{ id, ...(head as Pick<Hit, 'source' | 'title' | 'metadata'>), text, score, position }]
  })
}

async function others(db: Db, { tenant, collection, model, dims }: Search): Promise<number> {
  const row = await db
    .selectFrom('memory_documents')
    .select(({ fn }) => fn.sum('passages').as('passages'))
    .where('tenant', '=', tenant)
    .where('collection', '=', collection)
    .where(({ eb, or }) => or([eb('model', '<>', model), eb('dims', '<>', dims)]))
    .executeTakeFirst()
  return Number(row?.passages ?? 0)
}

/** Compares the question with every passage of its tenant, collection, model and dimensions. */
export async function nearestPassages(parts: Parts, tenant: string, question: Question): Promise<Found> {
  const { backend, clinical } = parts
  const { embedding, min_score } = question
  const top_k = Math.min(Math.max(Math.trunc(question.top_k), 1), MOST_HITS)
  const search: Search = { ...question, tenant, top_k, dims: embedding.length, embedding: unit(embedding) }
  const best = new Nearest(top_k)
  const there = backend.comparesVectors?.() === true
  if (there) for (const one of await backend.read(tenant, (db) => comparedThere(db, search))) best.offer(one)
  // Where the database compares, only what is sealed is left.
  await compareHere(parts, search, best, there)
  const near = best.list().filter(({ score }) => score >= min_score)
  return backend.read(tenant, async (db) => ({
    hits: await hitsOf(db, clinical, tenant, near),
    other_model: await others(db, search),
  }))
}
