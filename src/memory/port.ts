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
  /** Where it comes from, in words of who adds it: a file, a URL, a run. */
  source: string
  title: string
  /** Handed back as it came; must be JSON. */
  metadata: Readonly<Record<string, unknown>>
  /** Whose embeddings these are. All of them have the same number of dimensions. */
  model: string
  passages: readonly Passage[]
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

/**
 * Passages of text with their embeddings, each tenant's for itself. Throws StoreError. What was added is there when the
 * promise resolves, and survives a restart.
 */
export interface Memory {
  /** Returns the id of the document. */
  add(tenant: string, document: NewDocument): Promise<string>
  search(tenant: string, question: Question): Promise<Found>
  /** False: this tenant has no such document. */
  remove(tenant: string, id: string): Promise<boolean>
  count(tenant: string, collection: Collection): Promise<Counted>
}

/** Seals text that is at rest somewhere, for one place: moved to another place it does not open. */
export interface Sealer {
  seal(value: unknown, ...place: string[]): Uint8Array
  open(bytes: Uint8Array, ...place: string[]): unknown
}
