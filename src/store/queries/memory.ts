import type { Collection, Counted, KeptDocument, ListedDocument, Page, ReadDocument, Which } from '../../memory/port.ts'
import type { Db } from '../backend.ts'
import type { Clinical } from '../clinical.ts'
import type { MemoryDocumentsTable } from '../tables.ts'
import { storable } from '../text.ts'
import { bytesOf, unit } from '../vectors.ts'
import { insertion } from './insertion.ts'

const insertPassages = insertion(
  'memory_passages',
  ['tenant', 'document_id', 'position', 'vector', 'text'],
  (insert) => insert,
)

/** Sealed where there is a key: embeddings can be turned back into much of their text. Bare where there is none. */
function vectorColumn(clinical: Clinical, vector: Float32Array, place: readonly string[]): Uint8Array {
  const bytes = bytesOf(unit(vector))
  return clinical.seals
    ? clinical.seal(Buffer.from(bytes).toString('base64'), 'memory_passages.vector', ...place)
    : bytes
}

export async function addDocument(trx: Db, clinical: Clinical, tenant: string, given: KeptDocument): Promise<void> {
  const { document_id, collection, created_at, added_by, source, title, metadata, passages } = given
  const dims = passages[0]?.embedding.length ?? 0
  if (passages.some(({ embedding }) => embedding.length !== dims))
    throw new RangeError('The embeddings of one document have different dimensions')
  await trx
    .insertInto('memory_documents')
    .values({
      tenant,
      document_id,
      collection,
      model: storable('model', given.model),
      dims,
      passages: passages.length,
      sealed: clinical.seals ? 1 : 0,
      created_at,
      added_by: added_by === null ? null : storable('added_by', added_by),
      head: clinical.seal({ source, title, metadata }, 'memory_documents.head', tenant, document_id),
    })
    .execute()
  await insertPassages(
    trx,
    passages.map(({ text, embedding, position }) => {
      const place = [tenant, document_id, `${position}`]
      return {
        tenant,
        document_id,
        position,
        vector: vectorColumn(clinical, embedding, place),
        text: clinical.seal(text, 'memory_passages.text', ...place),
      }
    }),
  )
}

const LISTED = ['document_id', 'passages', 'created_at', 'added_by', 'head'] as const
type Row = Pick<MemoryDocumentsTable, (typeof LISTED)[number]>

function listed(clinical: Clinical, tenant: string, row: Row): ListedDocument {
  const { document_id: id, passages, created_at: added_at, added_by, head } = row
  const { source, title } = clinical.open(head, 'memory_documents.head', tenant, id) as Pick<
    ListedDocument,
    'source' | 'title'
  >
  return { id, source, title, passages, added_at, added_by }
}

export async function listDocuments(
  db: Db,
  clinical: Clinical,
  tenant: string,
  { collection, limit, after }: { collection: Collection; limit: number; after: string | null },
): Promise<Page> {
  const rows = await db
    .selectFrom('memory_documents')
    .select(LISTED)
    .where('tenant', '=', tenant)
    .where('collection', '=', collection)
    .$if(after !== null, (query) => query.where('document_id', '>', after))
    .orderBy('document_id')
    .limit(limit + 1)
    .execute()
  const documents = rows.slice(0, limit).map((row) => listed(clinical, tenant, row))
  return { documents, next: rows.length > limit ? (documents.at(-1)?.id ?? null) : null }
}

export async function readDocument(
  db: Db,
  clinical: Clinical,
  tenant: string,
  { collection, id }: { collection: Collection; id: string },
): Promise<ReadDocument | null> {
  const row = await db
    .selectFrom('memory_documents')
    .select(LISTED)
    .where('tenant', '=', tenant)
    .where('collection', '=', collection)
    .where('document_id', '=', id)
    .executeTakeFirst()
  if (row === undefined) return null
  const passages = await db
    .selectFrom('memory_passages')
    .select(['position', 'text'])
    .where('tenant', '=', tenant)
    .where('document_id', '=', id)
    .orderBy('position')
    .execute()
  const texts = passages.map(
    ({ position, text }) => clinical.open(text, 'memory_passages.text', tenant, id, `${position}`) as string,
  )
  return { ...listed(clinical, tenant, row), texts }
}

/** Removes at most `limit` documents. Says which it found, and how many of these nobody else has removed meanwhile. */
export async function removeDocuments(
  trx: Db,
  tenant: string,
  { collection, which, limit }: { collection: Collection; which: Which; limit: number },
): Promise<Counted & { ids: string[] }> {
  const all = trx
    .selectFrom('memory_documents')
    .select('document_id')
    .where('tenant', '=', tenant)
    .where('collection', '=', collection)
  const wanted =
    which === 'all'
      ? all
      : 'id' in which
        ? all.where('document_id', '=', which.id)
        : 'added_by' in which
          ? all.where('added_by', '=', which.added_by)
          : all.where('created_at', '<', which.before)
  const ids = (await wanted.orderBy('document_id').limit(limit).execute()).map(({ document_id }) => document_id)
  if (ids.length === 0) return { ids, documents: 0, passages: 0 }
  const drop = async (table: 'memory_passages' | 'memory_documents'): Promise<number> => {
    const rows = trx.deleteFrom(table).where('tenant', '=', tenant).where('document_id', 'in', ids)
    return Number((await rows.executeTakeFirst()).numDeletedRows)
  }
  return { ids, passages: await drop('memory_passages'), documents: await drop('memory_documents') }
}

export async function tenantsWithOlderDocuments(db: Db, collection: Collection, before: number): Promise<string[]> {
  const rows = await db
    .selectFrom('memory_documents')
    .select('tenant')
    .distinct()
    .where('collection', '=', collection)
    .where('created_at', '<', before)
    .execute()
  return rows.map(({ tenant }) => tenant)
}

export async function countDocuments(db: Db, tenant: string, collection: Collection): Promise<Counted> {
  const row = await db
    .selectFrom('memory_documents')
    .select(({ fn }) => [fn.countAll().as('documents'), fn.sum('passages').as('passages')])
    .where('tenant', '=', tenant)
    .where('collection', '=', collection)
    .executeTakeFirst()
  return { documents: Number(row?.documents ?? 0), passages: Number(row?.passages ?? 0) }
}
