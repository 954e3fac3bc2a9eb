import { type Kysely, sql } from 'kysely'
import type { Types } from './0001-initial.ts'
import { wallOff } from './walls.ts'

/** Documents in passages, each with its embedding. A document never changes: it is added and removed. */
export async function createMemory(db: Kysely<unknown>, { integer, bytes }: Types): Promise<void> {
  await db.schema
    .createTable('memory_documents')
    .addColumn('tenant', 'text', (col) => col.notNull())
    .addColumn('document_id', 'text', (col) => col.notNull())
    .addColumn('collection', 'text', (col) => col.notNull())
    .addColumn('model', 'text', (col) => col.notNull())
    .addColumn('dims', integer, (col) => col.notNull())
    .addColumn('passages', integer, (col) => col.notNull())
    .addColumn('sealed', integer, (col) => col.notNull())
    .addColumn('created_at', integer, (col) => col.notNull())
    .addColumn('head', sql.raw(bytes), (col) => col.notNull())
    .addPrimaryKeyConstraint('memory_documents_key', ['tenant', 'document_id'])
    .execute()
  await db.schema
    .createIndex('memory_documents_searched')
    .on('memory_documents')
    .columns(['tenant', 'collection', 'model', 'dims', 'document_id', 'sealed', 'passages'])
    .execute()
  await db.schema
    .createTable('memory_passages')
    .addColumn('tenant', 'text', (col) => col.notNull())
    .addColumn('document_id', 'text', (col) => col.notNull())
    .addColumn('position', integer, (col) => col.notNull())
    .addColumn('vector', sql.raw(bytes), (col) => col.notNull())
    .addColumn('text', sql.raw(bytes), (col) => col.notNull())
    .addPrimaryKeyConstraint('memory_passages_key', ['tenant', 'document_id', 'position'])
    .execute()
  if (bytes === 'bytea') await wallOff(db, ['memory_documents', 'memory_passages'])
}
