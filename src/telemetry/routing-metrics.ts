import type { Registry } from 'prom-client'
import type { Outcome } from '../contract/outcome.ts'
import type { RoutingDecision } from '../contract/routing.ts'
import { Tally } from './tally.ts'

const RESULTS = ['hit', 'miss'] as const

/** Which models were chosen, and what was known already. Labels hold types of tasks and ids of the roster. */
export class RoutingMetrics {
  readonly #decisions: Tally
  readonly #answers: Tally

  constructor(prefix: string, registry: Registry) {
    this.#decisions = new Tally(
      `${prefix}routing_decisions_total`,
      'Tasks whose model was chosen, by the chosen one',
      ['type', 'model'],
      registry,
    )
    this.#answers = new Tally(
      `${prefix}answer_cache_total`,
      'Tasks that may be answered by a known answer, by whether there was one',
      ['result'],
      registry,
    )
    for (const result of RESULTS) this.#answers.at(result)
  }

  taskEnded({ routing, cache }: { routing: RoutingDecision | null; cache: boolean }, outcome: Outcome): void {
    if (routing !== null) this.#decisions.at(routing.task_type, routing.target_model).value++
    if (!cache) return
    if (outcome.cached === true) this.#answers.at('hit').value++
    else if (outcome.attempts.length > 0) this.#answers.at('miss').value++
  }
}
