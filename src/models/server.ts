import type { CancelSignal } from '../contract/cancel.ts'
import type { BreakerState } from '../contract/roster.ts'
import { Breaker } from './breaker.ts'
import { ModelClient } from './client.ts'
import { ErrorRate } from './error-rate.ts'
import type { ToldFacts } from './facts.ts'
import { failure } from './failure.ts'
import { type Contact, learn, patienceOf } from './lesson.ts'
import type { ModelLookup } from './names.ts'
import type { AttemptResult, EmbeddingBatch, EmbeddingRequest, Failure, Model, ModelRequest } from './port.ts'
import { decideSlots, type Slots, shareSlots, type ToldSlots } from './slots.ts'

const SMOOTHING = 0.2
/** A restart between two looks goes unseen; its new settings are found this long afterwards at the latest. */
const FACTS_INTERVAL_MS = 60_000
/** Only an inference shows that a GPU which hung works again, so after this long one may try. */
const HUNG_MS = 60_000

/** Exponential moving average. */
const mix = (average: number, latest: number): number => average + SMOOTHING * (latest - average)

export interface ModelServerParts {
  /** Hears when a call, not a probe, finds the server gone or back. */
  onChange?: (reachable: boolean) => void
  /** Hears of every change of state of its breaker. */
  onBreaker?: (state: BreakerState) => void
  /** @default the system's */
  lookup?: ModelLookup
  /** As of ClientOptions. */
  stream_idle_ms?: number
  /** Models of the roster at this URL. @default 1 */
  models_here?: number
  /** For what fades with time: milliseconds that never go back. @default performance.now() */
  now?: () => number
}

/** One model server: its client, its breaker, and what the last contact showed. */
export class ModelServer {
  readonly model: Model
  readonly client: ModelClient
  readonly #breaker: Breaker
  readonly #onChange: (reachable: boolean) => void
  readonly #modelsHere: number
  #reachable: boolean | null = null
  /** When an inference timed out and none has worked since, on the clock of `now`; null while that is not so. */
  #hungAt: number | null = null
  readonly #now: () => number
  #lastLatencyMs: number | null = null
  #usualMs: number | null = null
  readonly #errors: ErrorRate
  #toldSlots: ToldSlots | null = null
  readonly #said = new Set<string>()
  /** On the clock of performance.now(). */
  #factsDueAt = 0

  constructor(model: Model, breakerCooldownMs: number, parts: ModelServerParts = {}) {
    this.model = model
    this.#now = parts.now ?? (() => performance.now())
    this.#onChange = parts.onChange ?? (() => undefined)
    this.#modelsHere = parts.models_here ?? 1
    this.client = new ModelClient(model, parts)
    this.#errors = new ErrorRate(parts.now)
    this.#breaker = new Breaker(breakerCooldownMs, parts.now, parts.onBreaker)
  }

  /** By the last contact; null before the first. */
  get reachable(): boolean | null {
    return this.#reachable
  }

  /**
   * Whether whoever chooses between models should leave this one out: it is gone, or an inference hung there less than a
   * minute ago. Who is asked by nobody can never show that it works.
   */
  get isShunned(): boolean {
    return this.#reachable === false && (this.#hungAt === null || this.#now() - this.#hungAt < HUNG_MS)
  }

  get breaker(): BreakerState {
    return this.#breaker.state
  }

  /** Of the last accepted answer. */
  get lastLatencyMs(): number | null {
    return this.#lastLatencyMs
  }

  /** Moving average of its answers' times in ms; null before the first. */
  get usualMs(): number | null {
    return this.#usualMs
  }

  /** Share of its calls that failed lately, as its breaker counts them, fading with time; null before the first. */
  get errorRate(): number | null {
    return this.#errors.value
  }

  get slots(): Slots {
    return decideSlots(this.model.slots, this.#toldSlots)
  }

  /** Whether it should be asked about itself: at first, after it was gone, and now and then. */
  get factsDue(): boolean {
    return performance.now() >= this.#factsDueAt
  }

  /**
   * Takes in what the server told. What it does not tell this time stays as it was: silence is not news. When it was not `whole`
   * because time ran out, it is asked again at the next look.
   */
  told({ context_window, slots }: ToldFacts, whole: boolean): void {
    if (whole) this.#factsDueAt = performance.now() + FACTS_INTERVAL_MS
    if (context_window !== null) this.client.facts.context_window = context_window
    if (slots !== null) this.#toldSlots = shareSlots(slots, this.#modelsHere)
  }

  /** Whether something has not been said of this server before; from now on it has. */
  isNews(what: string): boolean {
    return this.#said.size < this.#said.add(what).size
  }

  call(request: ModelRequest, cancel: CancelSignal): Promise<AttemptResult> {
    return this.#guarded(() => this.client.complete(request, cancel), cancel)
  }

  embed(request: EmbeddingRequest, cancel: CancelSignal): Promise<EmbeddingBatch | Failure> {
    return this.#guarded(() => this.client.embed(request, cancel), cancel)
  }

  /** A call past the breaker, which learns from it. */
  async #guarded<R extends Contact>(call: () => Promise<R>, cancel: CancelSignal): Promise<R | Failure> {
    const ticket = this.#breaker.admit()
    if (ticket === null) return failure('breaker_open', 0)
    try {
      const result = await call()
      this.#learn(ticket, result, cancel.overtaken)
      return result
    } catch (fault) {
      // A ticket that never comes back would keep a half-open breaker waiting for ever.
      this.#breaker.record(ticket, null)
      throw fault
    }
  }

  /**
   * Takes in what a health probe saw. An answer to a probe does not outweigh an inference that hung: a server whose
   * `/v1/models` answers while its GPU hangs stays unreachable until an inference works again, or until it was `gone`, not just
   * silent: then what comes back has been started anew. Returns whether `reachable` is another than before.
   */
  probed(answers: boolean, gone = false): boolean {
    const before = this.#reachable
    if (gone) this.#hungAt = null
    if (!answers) this.#see(false)
    else if (this.#hungAt === null) this.#see(true)
    return this.#reachable !== before
  }

  #see(reachable: boolean): void {
    this.#reachable = reachable
    // What comes back may have been started anew, with other settings.
    if (!reachable) this.#factsDueAt = 0
  }

  #learn(ticket: number, result: Contact, overtaken?: boolean): void {
    const { failed, reachable } = learn(result, patienceOf(this.#usualMs), overtaken)
    this.#breaker.record(ticket, failed)
    if (failed !== null) this.#errors.record(failed)
    if (reachable !== null) {
      const news = reachable !== this.#reachable && !(reachable && this.#reachable === null)
      this.#see(reachable)
      if (news) this.#onChange(reachable)
      this.#hungAt = !reachable && !result.ok && result.code === 'upstream_timeout' ? this.#now() : null
    }
    if (!result.ok) return
    this.#lastLatencyMs = result.latency_ms
    this.#usualMs = this.#usualMs === null ? result.latency_ms : mix(this.#usualMs, result.latency_ms)
  }
}
