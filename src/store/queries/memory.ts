import type { Collection, Counted } from '../../memory/port.ts'
import type { Db } from '../backend.ts'
import type { Clinical } from '../clinical.ts'
import type { KeptDocument } from '../records.ts'
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
  const { document_id, collection, created_at, source, title, metadata, passages } = given
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

export async function removeDocument(trx: Db, tenant: string, id: string): Promise<boolean> {
  const drop = (table: 'memory_passages' | 'memory_documents') =>
    trx.deleteFrom(table).where('tenant', '=', tenant).where('document_id', '=', id).executeTakeFirst()
  await drop('memory_passages')
  return (await drop('memory_documents')).numDeletedRows > 0n
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
