import type { Kysely } from 'kysely'

/** Who added a document; documents by their age, and in the order of their lists. */
export async function addMemoryOrigin(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('memory_documents').addColumn('added_by', 'text').execute()
  await db.schema
    .createIndex('memory_documents_listed')
    .on('memory_documents')
    .columns(['tenant', 'collection', 'document_id'])
    .execute()
  await db.schema
    .createIndex('memory_documents_aged')
    .on('memory_documents')
    .columns(['collection', 'created_at', 'tenant'])
    .execute()
}
