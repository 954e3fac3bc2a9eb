import type { Logger } from 'pino'
import type { WebhookAttempt } from '../contract/webhook.ts'
import type { WebhookMetrics } from './webhook-metrics.ts'

export interface WebhookObserver {
  onAttempt: (attempt: WebhookAttempt) => void
  onFault: (error: unknown) => void
}

/** Counts every call to a webhook and writes one line of it: ids and codes, of the URL no more than the host. */
export const createWebhookObserver = (metrics: WebhookMetrics, log: Logger): WebhookObserver => ({
  onAttempt({ tenant, run_id, host, attempt, status, error, outcome }) {
    metrics.attempted(outcome)
    const line = { tenant, run_id, host, attempt, status, error, outcome }
    if (outcome === 'delivered') log.info(line, 'webhook called')
    else log.warn(line, 'webhook called')
  },
  onFault: (error) => log.error({ err: error }, 'fault while calling webhooks'),
})
