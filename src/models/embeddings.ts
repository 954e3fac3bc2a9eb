import type { CancelSignal } from '../contract/cancel.ts'
import { ConfigError } from '../errors.ts'
import { Connections } from './connections.ts'
import { type EmbeddingBatch, readEmbeddings } from './embedding-answer.ts'
import { failure } from './failure.ts'
import { exchange } from './http.ts'
import type { ModelLookup } from './names.ts'
import type { Failure, Model } from './port.ts'

/** Texts in one request. */
export const MOST_TEXTS = 64
/** 64 vectors of 4096 numbers, each with twenty digits, and some. */
const MAX_BYTES = 16 * 1024 * 1024
/** Requests at once. */
const CONNECTIONS = 4
const NEVER: CancelSignal = { cancelled: false, onCancel: () => () => undefined }

export interface Embeddings {
  ok: true
  /** Id of the model that made them. */
  model: string
  /** One for each text, in order, all of the same dimensions. */
  vectors: Float32Array[]
  /** As reported; null when the server reports none. */
  tokens: number | null
  latency_ms: number
}

export interface EmbedOptions {
  /** On the clock of performance.now(): everything ends by then. */
  deadline: number
  /** @default nobody cancels */
  cancel?: CancelSignal
  /** Whether the texts are, or may hold, patient data. @default true */
  phi?: boolean
}

/**
 * The model that makes embeddings for memories: the one that `wanted` (EMBEDDING_MODEL) names, else the only one whose card
 * says so; null when there is none. Throws ConfigError: the named one is not there or serves no embeddings; several are there.
 */
export function embeddingModel(models: ReadonlyMap<string, Model>, wanted: string | null): Model | null {
  const all = [...models.values()].filter(({ card }) => card?.kind === 'embedding')
  if (wanted === null) {
    // Vectors of different models cannot be compared: a silent choice would lose what was kept with another.
    if (all.length > 1)
      throw new ConfigError(
        `The roster has several models of kind "embedding" (${all.map(({ id }) => id).join(', ')}): name one of them in EMBEDDING_MODEL`,
      )
    return all[0] ?? null
  }
  const named = models.get(wanted)
  if (named === undefined)
    throw new ConfigError(`EMBEDDING_MODEL names "${wanted}", which is not a model of the roster`)
  if (named.card?.kind !== 'embedding')
    throw new ConfigError(`EMBEDDING_MODEL names "${wanted}", whose entry in the roster has no "kind": "embedding"`)
  return named
}

/** OpenAI-compatible client for the embeddings of one model server, on its own connections. Never throws. */
export class EmbeddingClient {
  readonly model: Model
  readonly #connections: Connections
  readonly #headers: Record<string, string>
  readonly #path: string

  constructor(model: Model, { lookup }: { lookup?: ModelLookup } = {}) {
    this.model = model
    const url = new URL(model.url)
    this.#connections = new Connections(url.origin, {
      connections: CONNECTIONS,
      ...(lookup && { connect: { lookup } }),
    })
    this.#path = `${url.pathname.replace(/\/+$/, '')}/embeddings`
    this.#headers = { 'content-type': 'application/json', accept: 'application/json', 'accept-encoding': 'identity' }
    if (model.api_key !== null) this.#headers.authorization = `Bearer ${model.api_key}`
  }

  /** Closes all connections and ends whatever is still in flight. */
  close(): Promise<void> {
    return this.#connections.pool.destroy()
  }

  /** The embeddings of any number of texts, 64 a request, one request after the other; all of them or a failure. */
  async embed(
    texts: readonly string[],
    { deadline, cancel = NEVER, phi }: EmbedOptions,
  ): Promise<Embeddings | Failure> {
    const { id, off = null, no_phi = null } = this.model
    const reason = off ?? (phi === false ? null : no_phi)
    if (reason !== null) return failure('egress_refused', 0, { message: reason })
    const all: Embeddings = { ok: true, model: id, vectors: [], tokens: 0, latency_ms: 0 }
    for (let from = 0; from < texts.length; from += MOST_TEXTS) {
      const batch = await this.#ask(texts.slice(from, from + MOST_TEXTS), deadline, cancel)
      all.latency_ms += batch.latency_ms
      if (!batch.ok) return { ...batch, latency_ms: all.latency_ms }
      if (from > 0 && batch.vectors[0]?.length !== all.vectors[0]?.length)
        return failure('bad_upstream_response', all.latency_ms, {
          message: 'The model server changed the dimensions of its embeddings between two answers.',
        })
      all.vectors.push(...batch.vectors)
      all.tokens = all.tokens === null || batch.tokens === null ? null : all.tokens + batch.tokens
    }
    return all
  }

  async #ask(input: readonly string[], deadline: number, cancel: CancelSignal): Promise<EmbeddingBatch | Failure> {
    const answer = await exchange(this.#connections, {
      method: 'POST',
      path: this.#path,
      headers: this.#headers,
      body: JSON.stringify({ model: this.model.served_model, input, encoding_format: 'float' }),
      deadline,
      cancel,
      max_bytes: MAX_BYTES,
      reader: null,
      idle_ms: 0,
    })
    return readEmbeddings(answer, input.length)
  }
}
