import { randomUUID } from 'node:crypto'
import type { Collection, Counted, Found, Memory, NewDocument, Question } from './port.ts'

/** What a store of runs offers to a memory. */
export interface Shelf {
  addDocument(tenant: string, document: NewDocument & { document_id: string; created_at: number }): Promise<void>
  nearestPassages(tenant: string, question: Question): Promise<Found>
  removeDocument(tenant: string, document_id: string): Promise<boolean>
  countDocuments(tenant: string, collection: Collection): Promise<Counted>
}

/** The memory in the store where the runs are: nothing more to install. */
export const createStoredMemory = (shelf: Shelf): Memory => ({
  async add(tenant, document) {
    const document_id = randomUUID()
    await shelf.addDocument(tenant, { ...document, document_id, created_at: Date.now() })
    return document_id
  },
  search: (tenant, question) => shelf.nearestPassages(tenant, question),
  remove: (tenant, id) => shelf.removeDocument(tenant, id),
  count: (tenant, collection) => shelf.countDocuments(tenant, collection),
})
