import { randomUUID } from 'node:crypto'
import { ownId } from '../contract/own-id.ts'
import type { Memory, Shelf } from './port.ts'

/** Documents that are removed in one transaction. */
const AT_ONCE = 50

/** The memory in the store where the runs are: nothing more to install. `now` in epoch ms. */
export const createStoredMemory = (shelf: Shelf, now: () => number = Date.now): Memory => ({
  async add(tenant, document) {
    const created_at = now()
    const document_id = ownId(created_at, randomUUID())
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
