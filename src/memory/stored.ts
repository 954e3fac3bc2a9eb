import { newDocumentId } from './document-id.ts'
import type { Collection, Counted, Found, Memory, NewDocument, Page, Question, ReadDocument, Which } from './port.ts'

/** Documents that are removed in one transaction. */
const AT_ONCE = 50

/** What a store of runs offers to a memory. */
export interface Shelf {
  addDocument(tenant: string, document: NewDocument & { document_id: string; created_at: number }): Promise<void>
  nearestPassages(tenant: string, question: Question): Promise<Found>
  listDocuments(tenant: string, collection: Collection, page: { limit: number; after: string | null }): Promise<Page>
  readDocument(tenant: string, collection: Collection, document_id: string): Promise<ReadDocument | null>
  removeDocuments(
    tenant: string,
    collection: Collection,
    which: Which,
    limit: number,
  ): Promise<Counted & { more: boolean }>
  countDocuments(tenant: string, collection: Collection): Promise<Counted>
  tenantsWithOlderDocuments(collection: Collection, before: number): Promise<string[]>
}

/** The memory in the store where the runs are: nothing more to install. `now` in epoch ms. */
export const createStoredMemory = (shelf: Shelf, now: () => number = Date.now): Memory => ({
  async add(tenant, document) {
    const created_at = now()
    const document_id = newDocumentId(created_at)
    await shelf.addDocument(tenant, { ...document, document_id, created_at })
    return document_id
  },
  search: (tenant, question) => shelf.nearestPassages(tenant, question),
  list: (tenant, collection, page) => shelf.listDocuments(tenant, collection, page),
  read: (tenant, collection, id) => shelf.readDocument(tenant, collection, id),
  async remove(tenant, collection, which, signal) {
    const total = { documents: 0, passages: 0 }
    for (;;) {
      const { documents, passages, more } = await shelf.removeDocuments(tenant, collection, which, AT_ONCE)
      total.documents += documents
      total.passages += passages
      if (!more || signal?.aborted === true) return total
    }
  },
  count: (tenant, collection) => shelf.countDocuments(tenant, collection),
  tenantsWithOlder: (collection, before) => shelf.tenantsWithOlderDocuments(collection, before),
})
