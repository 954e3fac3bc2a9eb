/** `memory`: what conversations left. `evidence`: documents that answers may rest on. They are never searched together. */
export type Collection = 'memory' | 'evidence'

/** A search gives at most so many passages, and at least one where there is one. */
export const MOST_HITS = 50

export interface Passage {
  text: string
  /** Of any length but 0; only its direction counts. */
  embedding: Float32Array
  /** Counted from 1: "title, passage 3". */
  position: number
}

export interface NewDocument {
  collection: Collection
  /** The subject of who adds it; null: nobody knows. */
  added_by: string | null
  /** Where it comes from, in words of who adds it: a file, a URL, a run. */
  source: string
  title: string
  /** Handed back as it came; must be JSON. */
  metadata: Readonly<Record<string, unknown>>
  /** Whose embeddings these are. All of them have the same number of dimensions. */
  model: string
  passages: readonly Passage[]
}

/** A document as a store of runs keeps it. */
export interface KeptDocument extends NewDocument {
  document_id: string
  /** Epoch ms. */
  created_at: number
}

export interface Question {
  collection: Collection
  model: string
  embedding: Float32Array
  /** How many passages at most: 1 to 50; a number beyond is taken as the nearest of these. */
  top_k: number
  /** Passages below it are left out, -1 to 1. */
  min_score: number
}

export interface Hit {
  /** Of the document. */
  id: string
  source: string
  title: string
  text: string
  /** Cosine of the angle to the question, -1 to 1. */
  score: number
  position: number
  metadata: Readonly<Record<string, unknown>>
}

export interface Found {
  /** The nearest first. */
  hits: Hit[]
  /**
   * Passages of this tenant and collection that were not searched, because another model, or one of other dimensions, made
   * their embeddings: add them again.
   */
  other_model: number
}

export interface Counted {
  documents: number
  passages: number
}

/** A document without its text. */
export interface ListedDocument {
  id: string
  source: string
  title: string
  passages: number
  /** Epoch ms. */
  added_at: number
  added_by: string | null
}

export interface ReadDocument extends ListedDocument {
  /** Of its passages, in their order. */
  texts: string[]
}

export interface Page {
  documents: ListedDocument[]
  /** The id after which the next page begins; null on the last. */
  next: string | null
}

/** Which documents of a collection; `before` in epoch ms. */
export type Which = { id: string } | { added_by: string } | { before: number } | 'all'

/**
 * Passages of text with their embeddings, each tenant's for itself. Throws StoreError. What was added is there when the
 * promise resolves, and survives a restart.
 */
export interface Memory {
  /** Returns the id of the document. */
  add(tenant: string, document: NewDocument): Promise<string>
  search(tenant: string, question: Question): Promise<Found>
  /**
   * In the order of their ids, which is that in which they were added, to the millisecond. `after` is a UUID; what it names
   * need not be there any more. What is added or removed meanwhile moves nothing from one page to another.
   */
  list(tenant: string, collection: Collection, page: { limit: number; after: string | null }): Promise<Page>
  /** Null: this tenant has no such document there. */
  read(tenant: string, collection: Collection, id: string): Promise<ReadDocument | null>
  /** Removes documents with their passages and vectors, many of them in portions; between two it heeds the signal. */
  remove(tenant: string, collection: Collection, which: Which, signal?: AbortSignal): Promise<Counted>
  count(tenant: string, collection: Collection): Promise<Counted>
  /**
   * For housekeeping, the only question across tenants: who has documents that were added before. Not always all at once:
   * ask again when theirs are removed.
   */
  tenantsWithOlder(collection: Collection, before: number): Promise<string[]>
}

/** Seals text that is at rest somewhere, for one place: moved to another place it does not open. */
export interface Sealer {
  seal(value: unknown, ...place: string[]): Uint8Array
  open(bytes: Uint8Array, ...place: string[]): unknown
}

/** What a store of runs offers to a memory. Nothing of it leaves an audit by itself: whoever asks for it notes it. */
export interface Shelf {
  /** The whole document or nothing. */
  addDocument(tenant: string, document: KeptDocument): Promise<void>
  nearestPassages(tenant: string, question: Question): Promise<Found>
  /** In the order of their ids, those after `after`. */
  listDocuments(tenant: string, collection: Collection, page: { limit: number; after: string | null }): Promise<Page>
  /** Null: this tenant has no such document there. */
  readDocument(tenant: string, collection: Collection, documentId: string): Promise<ReadDocument | null>
  /** At most `limit` documents, with passages and vectors; there may be `more`. */
  removeDocuments(
    tenant: string,
    collection: Collection,
    which: Which,
    limit: number,
  ): Promise<Counted & { more: boolean }>
  /** Tenants with documents that were added before, in epoch ms. */
  tenantsWithOlderDocuments(collection: Collection, before: number): Promise<string[]>
  countDocuments(tenant: string, collection: Collection): Promise<Counted>
}
