import type { CancelSignal } from '../contract/cancel.ts'
import type { BreakerState } from '../contract/roster.ts'
import { Breaker } from './breaker.ts'
import { ModelClient } from './client.ts'
import { failure } from './failure.ts'
import { learn, patienceOf } from './lesson.ts'
import type { AttemptResult, Model, ModelRequest } from './port.ts'

const SMOOTHING = 0.2

/** Exponential moving average. */
const mix = (average: number, latest: number): number => average + SMOOTHING * (latest - average)

/** One model server: its client, its breaker, and what the last contact showed. */
export class ModelServer {
  readonly model: Model
  readonly client: ModelClient
  readonly #breaker: Breaker
  readonly #onChange: (reachable: boolean) => void
  #reachable: boolean | null = null
  /** An inference timed out and none has worked since. */
  #hung = false
  #lastLatencyMs: number | null = null
  #usualMs: number | null = null

  /** `onChange` hears when a call, not a probe, finds the server gone or back. */
  constructor(model: Model, breakerCooldownMs: number, onChange: (reachable: boolean) => void = () => undefined) {
    this.model = model
    this.#onChange = onChange
    this.client = new ModelClient(model)
    this.#breaker = new Breaker(breakerCooldownMs)
  }

  /** By the last contact; null before the first. */
  get reachable(): boolean | null {
    return this.#reachable
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

  async call(request: ModelRequest, cancel: CancelSignal): Promise<AttemptResult> {
    const ticket = this.#breaker.admit()
    if (ticket === null) return failure('breaker_open', 0)
    const result = await this.client.complete(request, cancel)
    this.#learn(ticket, result)
    return result
  }

  /**
   * Takes in what a health probe saw. An answer to a probe does not outweigh an inference that hung: a server whose
   * `/v1/models` answers while its GPU hangs stays unreachable until an inference works again.
   */
  probed(answers: boolean): void {
    if (!answers) this.#reachable = false
    else if (!this.#hung) this.#reachable = true
  }

  #learn(ticket: number, result: AttemptResult): void {
    const { failed, reachable } = learn(result, patienceOf(this.#usualMs))
    this.#breaker.record(ticket, failed)
    if (reachable !== null) {
      const news = reachable !== this.#reachable && !(reachable && this.#reachable === null)
      this.#reachable = reachable
      if (news) this.#onChange(reachable)
      this.#hung = !reachable && !result.ok && result.code === 'upstream_timeout'
    }
    if (!result.ok) return
    this.#lastLatencyMs = result.latency_ms
    this.#usualMs = this.#usualMs === null ? result.latency_ms : mix(this.#usualMs, result.latency_ms)
  }
}
