import { LRUCache } from 'lru-cache'
import { StoreError } from './errors.ts'

const BYTES = 4

/** The same direction with length 1, so that a product of two is the cosine. A vector of zeros stays: it is near nothing. */
export function unit(vector: Float32Array): Float32Array {
  let sum = 0
  for (const value of vector) sum += value * value
  const length = Math.sqrt(sum)
  return length > 0 ? vector.map((value) => value / length) : vector
}

export const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** What a column holds, as numbers. Throws StoreError when there are not as many as there should be. */
export function vectorOf(bytes: Uint8Array, dims: number): Float32Array {
  if (bytes.byteLength !== dims * BYTES)
    throw new StoreError('corrupt', `memory_passages.vector has ${bytes.byteLength} bytes for ${dims} dimensions`)
  // A copy: drivers hand out pieces of larger buffers, which would stay in memory whole.
  return new Float32Array(new Uint8Array(bytes).buffer)
}

/** Cosine of two vectors of length 1, -1 to 1. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[at] as number)
  return Math.min(Math.max(sum, -1), 1)
}

export interface Scored {
  document_id: string
  position: number
  score: number
}

const nearer = (a: Scored, b: Scored): number =>
  b.score - a.score ||
  (a.document_id < b.document_id ? -1 : a.document_id > b.document_id ? 1 : a.position - b.position)

/** Keeps the best `most` of what it is offered. */
export class Nearest {
  readonly #most: number
  #held: Scored[] = []
  #least = Number.NEGATIVE_INFINITY

  constructor(most: number) {
    this.#most = most
  }

  offer(one: Scored): void {
    if (one.score < this.#least) return
    this.#held.push(one)
    if (this.#held.length >= 2 * this.#most) this.#cut()
  }

  /** The nearest first. */
  list(): readonly Scored[] {
    this.#cut()
    return this.#held
  }

  #cut(): void {
    this.#held = this.#held.sort(nearer).slice(0, this.#most)
    if (this.#held.length === this.#most) this.#least = (this.#held.at(-1) as Scored).score
  }
}

/** The vectors of a document, by position. */
export type Vectors = readonly { position: number; vector: Float32Array }[]

/** Some 40,000 vectors of 384 dimensions. */
const MOST_CACHED_BYTES = 64 * 1024 * 1024

/**
 * Vectors of documents that were compared here, opened. A document never changes, and only those that the database lists
 * are looked for, so nothing in it is ever out of date. What this process removes goes from it too.
 */
export const createVectorCache = () =>
  new LRUCache<string, Vectors>({
    maxSize: MOST_CACHED_BYTES,
    sizeCalculation: (vectors) => vectors.reduce((sum, { vector }) => sum + vector.byteLength, 1),
  })

/** Of a document in the cache. */
export const keyOf = (tenant: string, document_id: string): string => `${tenant}\0${document_id}`

export type VectorCache = ReturnType<typeof createVectorCache>
