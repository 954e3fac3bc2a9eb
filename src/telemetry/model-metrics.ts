import type { Registry } from 'prom-client'
import type { AttemptRecord, Outcome } from '../contract/outcome.ts'
import { Distribution } from './distribution.ts'
import { Tally } from './tally.ts'

const FIRST_TOKEN = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** What became of calls to model servers. Labels hold ids of the roster and codes of ours. */
export class ModelMetrics {
  readonly #attempts: Tally
  readonly #tokens: Tally
  readonly #cost: Tally
  readonly #fallbacks: Tally
  readonly #retries: Tally
  readonly #hedges: Tally
  readonly #breaker: Tally
  readonly #firstToken: Distribution
  readonly #lateHedges = new Map<string, number>()

  constructor(prefix: string, registry: Registry) {
    const tally = (name: string, help: string, ...labels: string[]) => new Tally(prefix + name, help, labels, registry)
    this.#attempts = tally('model_attempts_total', 'Calls to model servers by outcome', 'model', 'outcome')
    this.#tokens = tally('model_tokens_total', 'Tokens as the servers report them', 'model', 'type')
    this.#cost = tally('call_cost_dollars_total', 'What calls have cost by the prices of the roster', 'model')
    this.#fallbacks = tally('model_fallbacks_total', 'Tasks handed to another model', 'from', 'to', 'reason')
    this.#retries = tally('model_retries_total', 'Retries wanted: allowed, or refused by the budget', 'model', 'result')
    this.#hedges = tally(
      'model_hedges_total',
      'Second calls beside a slow one, by what became of them',
      'model',
      'result',
    )
    this.#breaker = tally('breaker_transitions_total', 'Changes of state of breakers', 'model', 'to')
    this.#firstToken = new Distribution(
      `${prefix}model_time_to_first_token_seconds`,
      'From sending to the first piece of text, of streamed answers',
      ['model'],
      FIRST_TOKEN,
      registry,
    )
  }

  /** Begins the series of a model at 0, so that the first event shows as an increase. */
  begin(model: string): void {
    for (const result of ['allowed', 'refused']) this.#retries.at(model, result)
    for (const state of ['open', 'half_open', 'closed']) this.#breaker.at(model, state)
  }

  taskEnded(model: string, { tokens, prompt_tokens, first_token_ms, attempts, cached = false }: Outcome): void {
    // What is given again was counted when it was made.
    if (tokens !== null && !cached) this.#tokens.at(model, 'completion').value += tokens
    if (prompt_tokens !== null && !cached) this.#tokens.at(model, 'prompt').value += prompt_tokens
    if (first_token_ms !== null) this.#firstToken.at(model).observe(first_token_ms / 1000)
    let before: AttemptRecord | null = null
    for (const attempt of attempts) {
      this.#attempts.at(attempt.model, attempt.outcome).value++
      if (attempt.cost) this.#cost.at(attempt.model).value += attempt.cost
      if (attempt.hedge) this.#hedges.at(attempt.model, attempt.outcome === 'ok' ? 'won' : 'lost').value++
      // A second call that did not win took nothing over.
      if (attempt.hedge && attempt.outcome !== 'ok') continue
      if (before !== null && before.model !== attempt.model)
        this.#fallbacks.at(before.model, attempt.model, attempt.hedge ? 'hedged' : before.outcome).value++
      before = attempt
    }
  }

  retryWanted(model: string, allowed: boolean): void {
    this.#retries.at(model, allowed ? 'allowed' : 'refused').value++
  }

  /** The other one of two calls side by side answered too. */
  answeredLate(model: string): void {
    this.#lateHedges.set(model, this.lateHedges(model) + 1)
  }

  lateHedges(model: string): number {
    return this.#lateHedges.get(model) ?? 0
  }

  breakerChanged(model: string, to: string): void {
    this.#breaker.at(model, to).value++
  }
}
