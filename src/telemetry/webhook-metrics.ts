import type { Registry } from 'prom-client'
import type { WebhookOutcome } from '../contract/webhook.ts'
import { Tally } from './tally.ts'

const OUTCOMES: readonly WebhookOutcome[] = ['delivered', 'failed', 'given_up']

/** What became of calls to webhooks. */
export class WebhookMetrics {
  readonly #deliveries: Tally

  constructor(prefix: string, registry: Registry) {
    this.#deliveries = new Tally(
      `${prefix}webhook_deliveries_total`,
      'Calls to webhooks by what became of them; failed ones are tried again',
      ['outcome'],
      registry,
    )
    // From 0, so that the first one shows as an increase.
    for (const outcome of OUTCOMES) this.#deliveries.at(outcome)
  }

  attempted(outcome: WebhookOutcome): void {
    this.#deliveries.at(outcome).value++
  }
}
