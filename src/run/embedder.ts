import type { CancelSignal } from '../contract/cancel.ts'
import { TASK_ERRORS, type TaskErrorCode } from '../errors.ts'
import type { EmbeddingBatch, EmbeddingPort, Failure, Model } from '../models/port.ts'
import type { Unpayable, Usage } from '../routing/budget/port.ts'
import type { Asker } from './asker.ts'
import { neverSent } from './attempt-log.ts'
import { waitFor } from './estimate.ts'
import type { AdmissionRequest, LanePort } from './lane-port.ts'
import { isUnpaid } from './unpaid.ts'
import type { Workshop } from './workshop.ts'

/** Texts in one request: each request has a permit of its own, so that a long document lets others in between. */
export const MOST_TEXTS = 64
/** Tokens that a server may put around each text. */
const FRAME_TOKENS = 64
/** Under which forecasts are kept: embeddings are asked for by no agent. */
const EMBEDDINGS = 'embeddings'
const NEVER: CancelSignal = { cancelled: false, onCancel: () => () => undefined }

export interface EmbedOptions {
  /** On the clock of performance.now(): everything ends by then, waiting for permits included. @default a task's time from now */
  deadline?: number
  /** @default nobody cancels */
  cancel?: CancelSignal
  /** Whether the texts are, or may hold, patient data. @default true */
  phi?: boolean
}

export interface Embeddings extends EmbeddingBatch {
  /** Id of the model that made them. */
  model: string
}

/** The embedding model behind its lane and the budgets of whoever asks. */
export interface Embedder {
  readonly model: Model
  /** The embeddings of any number of texts, 64 a request, one request after the other; all of them or a failure. Never rejects because of what a server did. */
  embed: (texts: readonly string[], asker: Asker, options: EmbedOptions) => Promise<Embeddings | Failure>
}

export interface EmbedderParts
  extends Pick<Workshop, 'lanes' | 'forecast' | 'backlog' | 'lane_queue_max' | 'task_timeout_ms'> {
  models: EmbeddingPort
}

const failed = (code: TaskErrorCode, message: string, more: Partial<Failure> = {}): Failure => ({
  ...{ ok: false, code, message, transient: false, retry_after_ms: null, latency_ms: 0 },
  ...more,
})

function unpaid({ message, free_at }: Unpayable): Failure {
  if (free_at === undefined) return failed('budget_exceeded', message)
  return failed('budget_exceeded', message, { retry_after_ms: Math.max(0, Date.parse(free_at) - Date.now()) })
}

const portionsOf = (texts: readonly string[]): (readonly string[])[] =>
  Array.from({ length: Math.ceil(texts.length / MOST_TEXTS) }, (_, at) =>
    texts.slice(at * MOST_TEXTS, (at + 1) * MOST_TEXTS),
  )

/** No tokenizer makes more tokens than there are bytes. */
const mostTokens = (texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + Buffer.byteLength(text) + FRAME_TOKENS, 0)

/** What the requests so far have taken; what a server did not report counts with the most that was possible. */
class Taken {
  #any = false
  #tokens = 0
  #ms = 0

  /** `answer`: null of a call that ended by a fault of ours, and may have been answered. */
  add(portion: readonly string[], answer: EmbeddingBatch | Failure | null, held_ms: number): void {
    if (answer !== null && (neverSent(answer) || (!answer.ok && isUnpaid(answer.code)))) return
    this.#any = true
    this.#tokens += (answer?.ok ? answer.tokens : null) ?? mostTokens(portion)
    this.#ms += answer?.latency_ms ?? held_ms
  }

  /** Null: nothing that costs anything. */
  get usage(): Usage | null {
    return this.#any ? { prompt_tokens: this.#tokens, completion_tokens: 0, seconds: this.#ms / 1000 } : null
  }
}

/** One request for embeddings, of one or more portions. */
class EmbeddingCalls {
  readonly #parts: EmbedderParts
  readonly #model: Model
  readonly #lane: LanePort
  readonly #asker: Asker
  readonly #options: Required<EmbedOptions>
  readonly #work: number

  constructor(parts: EmbedderParts, model: Model, asker: Asker, options: EmbedOptions) {
    const { deadline = performance.now() + parts.task_timeout_ms, cancel = NEVER, phi = true } = options
    this.#parts = parts
    this.#model = model
    this.#lane = parts.lanes.get(model.id) as LanePort
    this.#asker = asker
    this.#options = { deadline, cancel, phi }
    this.#work = parts.forecast.expectedMs(EMBEDDINGS, model.id, 0) ?? 0
  }

  async run(texts: readonly string[]): Promise<Embeddings | Failure> {
    const { claimant, priority, purse } = this.#asker
    const { id } = this.#model
    if (this.#lane.isFullFor(claimant.tenant, this.#parts.lane_queue_max)) return this.#full()
    const portions = portionsOf(texts)
    // All of it before anything is sent: half a document is of no use to anybody, but would have to be paid.
    let unpayable: Unpayable = { message: TASK_ERRORS.budget_exceeded }
    const bounds = () => ({
      prompt_bytes: mostTokens(texts),
      max_tokens: 0,
      seconds: Math.max(0, this.#options.deadline - performance.now()) / 1000,
    })
    const hold = await purse.reserve(id, bounds, (why) => {
      unpayable = why
    })
    if (hold === null) return unpaid(unpayable)
    const taken = new Taken()
    const owed = this.#work * portions.length
    this.#parts.backlog.add(id, claimant.tenant, priority, owed)
    try {
      return await this.#all(portions, taken)
    } finally {
      this.#parts.backlog.remove(id, claimant.tenant, priority, owed)
      hold.settle(taken.usage)
    }
  }

  async #all(portions: readonly (readonly string[])[], taken: Taken): Promise<Embeddings | Failure> {
    const all: Embeddings = { ok: true, model: this.#model.id, vectors: [], tokens: 0, latency_ms: 0 }
    for (const portion of portions) {
      const made = await this.#one(portion, taken)
      all.latency_ms += made.latency_ms
      if (!made.ok) return { ...made, latency_ms: all.latency_ms }
      if (all.vectors.length > 0 && made.vectors[0]?.length !== all.vectors[0]?.length)
        return failed(
          'bad_upstream_response',
          'The model server changed the dimensions of its embeddings between two answers.',
          { latency_ms: all.latency_ms },
        )
      all.vectors.push(...made.vectors)
      all.tokens = all.tokens === null || made.tokens === null ? null : all.tokens + made.tokens
    }
    return all
  }

  /** Waits for a permit, sends one request under it, and gives it back whatever happens. */
  async #one(texts: readonly string[], taken: Taken): Promise<EmbeddingBatch | Failure> {
    const { models, forecast, backlog } = this.#parts
    const { claimant, priority, rank } = this.#asker
    const { deadline, cancel, phi } = this.#options
    const claim: AdmissionRequest = { claimant, priority, rank, work: this.#work, deadline, cancel }
    const admission = await this.#lane.acquire(claim)
    if (admission === 'cancelled') return failed('cancelled', TASK_ERRORS.cancelled)
    if (admission === 'deadline') return failed('task_timeout', `No slot of ${this.#model.id} became free in time.`)
    const sent = performance.now()
    let answer: EmbeddingBatch | Failure | null = null
    try {
      answer = await models.embed(this.#model, { texts, deadline, phi }, cancel)
      const { ok, latency_ms } = answer
      if (ok || answer.code === 'upstream_timeout') forecast.learn(EMBEDDINGS, this.#model.id, latency_ms, null, ok)
      if (ok) backlog.done(this.#model.id, claimant.tenant, priority, this.#work)
      return answer
    } finally {
      const held_ms = performance.now() - sent
      taken.add(texts, answer, held_ms)
      this.#lane.release(claim, held_ms, answer === null || !neverSent(answer))
    }
  }

  #full(): Failure {
    const { model, queued } = this.#lane
    const { claimant, priority } = this.#asker
    const wait_ms = waitFor(model, { tenant: claimant.tenant, priority, work: 0 }, this.#parts)
    const message = `The queue in front of ${model} is full (${queued} waiting).`
    return failed('queue_full', message, { transient: true, retry_after_ms: wait_ms })
  }
}

/** Makes embeddings by a model of the roster: through its lane, its breaker and the budgets, as calls of tasks go. */
export const createEmbedder = (parts: EmbedderParts, model: Model): Embedder => ({
  model,
  embed: (texts, asker, options) => new EmbeddingCalls(parts, model, asker, options).run(texts),
})
