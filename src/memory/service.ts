import type { CancelSignal } from '../contract/cancel.ts'
import { StoreError, type StoreFault, type TaskErrorCode } from '../errors.ts'
import { cutPassages } from './passages.ts'
import type { Collection, Hit, Memory } from './port.ts'

/** When the work must be over, and who may give it up. */
export interface Patience {
  /** On the clock of performance.now(). */
  deadline: number
  cancel?: CancelSignal
}

/** Makes embeddings of texts: all of them or a failure. Never throws. */
export type Embed = (
  texts: readonly string[],
  patience: Patience,
) => Promise<
  { ok: true; model: string; vectors: readonly Float32Array[] } | { ok: false; code: TaskErrorCode; message: string }
>

/** Why there is no memory just now. Work goes on without, and may say so by `message`, which holds no text of anybody's. */
export interface Unavailable {
  ok: false
  reason: 'unavailable'
  cause: 'no_embedding_model' | 'embedding' | 'memory'
  /** Of the embedding model or of the store; null where there is no model. */
  code: TaskErrorCode | StoreFault | null
  message: string
}

/** What cannot be kept, whoever is asked. */
export interface Unusable {
  ok: false
  reason: 'empty' | 'too_long'
  message: string
}

export interface Kept {
  ok: true
  id: string
  passages: number
}

export interface Recalled {
  ok: true
  /** The nearest first. */
  hits: Hit[]
  /** Null, or a sentence on what could not be searched. */
  warning: string | null
}

export interface About {
  source: string
  title: string
  metadata?: Readonly<Record<string, unknown>>
  /** The subject of who adds it. @default null, nobody knows */
  added_by?: string | null
}

export interface RecallOptions extends Partial<Patience> {
  /** 1 to 50. @default 5 */
  top_k?: number
  /** -1 to 1. @default 0 */
  min_score?: number
  /** @default memory */
  collection?: Collection
}

export interface MemoryService {
  /** Keeps what a conversation leaves. */
  remember(
    tenant: string,
    text: string,
    about: About,
    patience?: Partial<Patience>,
  ): Promise<Kept | Unavailable | Unusable>
  /** Finds the passages that are nearest to a query. */
  recall(tenant: string, query: string, options?: RecallOptions): Promise<Recalled | Unavailable>
  /** Keeps a document that answers may rest on. */
  addEvidence(
    tenant: string,
    document: About & { text: string },
    patience?: Partial<Patience>,
  ): Promise<Kept | Unavailable | Unusable>
}

export interface MemoryParts {
  memory: Memory
  /** Null: no model of the roster makes embeddings. */
  embed: Embed | null
  /** Hears of what was thrown and is no StoreError: a fault of ours. @default nobody */
  onFault?: (error: unknown) => void
}

/** Of a document; each is an embedding that somebody has to make. */
export const MOST_PASSAGES = 1000
/** Longest query that is embedded, in characters; models read no more of it anyway. */
const MOST_QUERY = 8000
const RECALL_MS = 5000
const KEEP_MS = 120_000

/** Nothing is wrong with the model; it was not its turn, or not paid for. */
const NOT_ASKED: ReadonlySet<string> = new Set<TaskErrorCode>([
  'queue_full',
  'task_timeout',
  'budget_exceeded',
  'breaker_open',
  'egress_refused',
])

const NO_MODEL: Unavailable = {
  ok: false,
  reason: 'unavailable',
  cause: 'no_embedding_model',
  code: null,
  message: 'There is no memory: no model of the roster makes embeddings.',
}

const otherModel = (count: number): string =>
  `${count} passages were not searched: another embedding model made their vectors. Add them again.`

/** Embeddings and a memory, joined. Nothing of it throws: without it everything else goes on. */
export function createMemoryService({ memory, embed, onFault }: MemoryParts): MemoryService {
  async function asked<T>(work: () => Promise<T>): Promise<T | Unavailable> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof StoreError)) onFault?.(error)
      const code = error instanceof StoreError ? error.fault : 'internal_error'
      return {
        ok: false,
        reason: 'unavailable',
        cause: 'memory',
        code,
        message: `The memory does not answer (${code}).`,
      }
    }
  }

  async function embedded(texts: readonly string[], patience: Patience) {
    if (embed === null) return NO_MODEL
    const made = await embed(texts, patience)
    if (made.ok) return made
    const what = NOT_ASKED.has(made.code) ? 'could not be asked' : 'failed'
    const message = `There is no memory just now: its embedding model ${what} (${made.code}). ${made.message}`
    return { ok: false, reason: 'unavailable', cause: 'embedding', code: made.code, message } satisfies Unavailable
  }

  const keep = (
    tenant: string,
    collection: Collection,
    { source, title, metadata = {}, added_by = null, text }: About & { text: string },
    { deadline = performance.now() + KEEP_MS, cancel }: Partial<Patience>,
  ) =>
    asked(async (): Promise<Kept | Unavailable | Unusable> => {
      const cut = cutPassages(text)
      if (cut.length === 0) return { ok: false, reason: 'empty', message: 'The text is blank.' }
      if (cut.length > MOST_PASSAGES)
        return { ok: false, reason: 'too_long', message: `The text has ${cut.length} passages; ${MOST_PASSAGES} fit.` }
      const made = await embedded(
        cut.map((passage) => passage.text),
        { deadline, ...(cancel && { cancel }) },
      )
      if (!made.ok) return made
      const passages = cut.map((passage, at) => ({ ...passage, embedding: made.vectors[at] as Float32Array }))
      const { model } = made
      const id = await memory.add(tenant, { collection, added_by, source, title, metadata, model, passages })
      return { ok: true, id, passages: passages.length }
    })

  return {
    remember: (tenant, text, about, patience = {}) => keep(tenant, 'memory', { ...about, text }, patience),
    addEvidence: (tenant, document, patience = {}) => keep(tenant, 'evidence', document, patience),
    recall: (tenant, query, options = {}) =>
      asked(async (): Promise<Recalled | Unavailable> => {
        const { top_k = 5, min_score = 0, collection = 'memory', cancel } = options
        const { deadline = performance.now() + RECALL_MS } = options
        const made = await embedded([query.slice(0, MOST_QUERY)], { deadline, ...(cancel && { cancel }) })
        if (!made.ok) return made
        const { model, vectors } = made
        const question = { collection, model, embedding: vectors[0] as Float32Array, top_k, min_score }
        const { hits, other_model } = await memory.search(tenant, question)
        return { ok: true, hits, warning: other_model === 0 ? null : otherModel(other_model) }
      }),
  }
}
