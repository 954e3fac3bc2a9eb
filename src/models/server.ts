import type { BreakerState } from '../contract/roster.ts'
import { Breaker } from './breaker.ts'
import { ModelClient } from './client.ts'
import { failure } from './failure.ts'
import type { AttemptResult, CancelSignal, Model, ModelRequest } from './port.ts'

/** What a failed attempt says: the server is at fault, the connection is, or neither (null). */
function faultOf(result: AttemptResult, patience_ms: number): 'connection' | 'inference' | null {
  if (result.ok) return null
  switch (result.code) {
    case 'upstream_unreachable':
      return 'connection'
    case 'upstream_timeout':
      // A caller who gives a task a millisecond must not close the server for everybody else.
      return result.latency_ms >= patience_ms ? 'inference' : null
    case 'upstream_error':
    case 'bad_upstream_response':
    case 'response_too_large':
      return 'inference'
    default:
      return null
  }
}

/** Says nothing about the health of the server, good or bad. */
const NEUTRAL = new Set(['cancelled', 'upstream_timeout', 'rate_limited', 'upstream_rejected', 'context_overflow'])

const PATIENCE_MS = 1000
const SMOOTHING = 0.2

/** One model server: its client, its breaker, and what the last contact showed. */
export class ModelServer {
  readonly model: Model
  readonly client: ModelClient
  readonly #breaker: Breaker
  #reachable: boolean | null = null
  #fault: 'connection' | 'inference' | null = null
  #lastLatencyMs: number | null = null
  #averageMs: number | null = null

  constructor(model: Model, breakerCooldownMs: number) {
    this.model = model
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

  async call(request: ModelRequest, cancel: CancelSignal): Promise<AttemptResult> {
    const ticket = this.#breaker.admit()
    if (ticket === null) return failure('breaker_open', 0)
    const result = await this.client.complete(request, cancel)
    this.#learn(ticket, result)
    return result
  }

  /**
   * Takes in what a health probe saw. An answer to a probe does not outweigh a failed inference: a server whose
   * `/v1/models` answers while its GPU hangs stays unreachable until an inference works again.
   */
  probed(answers: boolean): void {
    if (!answers) this.#reachable = false
    else if (this.#fault !== 'inference') this.#reachable = true
  }

  #learn(ticket: number, result: AttemptResult): void {
    const fault = faultOf(result, this.#averageMs === null ? PATIENCE_MS : Math.min(PATIENCE_MS, 2 * this.#averageMs))
    if (result.ok) {
      this.#lastLatencyMs = result.latency_ms
      this.#averageMs =
        this.#averageMs === null
          ? result.latency_ms
          : this.#averageMs + SMOOTHING * (result.latency_ms - this.#averageMs)
    }
    const neutral = fault === null && !result.ok && NEUTRAL.has(result.code)
    this.#breaker.record(ticket, neutral ? null : fault !== null)
    if (neutral) return
    this.#fault = fault
    this.#reachable = fault === null
  }
}
