import type { Logger } from 'pino'
import type { WebhookAttempt } from '../contract/webhook.ts'
import type { WebhookMetrics } from './webhook-metrics.ts'

export interface WebhookObserver {
  onAttempt: (attempt: WebhookAttempt) => void
  onFault: (error: unknown) => void
}

/**
 * Counts every attempt to call a webhook and writes one line of it: ids and codes, of the URL no more than the host. What
 * was not sent at all is told as that.
 */
export const createWebhookObserver = (metrics: WebhookMetrics, log: Logger): WebhookObserver => ({
  onAttempt({ tenant, run_id, host, sent, attempt, status, error, outcome }) {
    metrics.attempted(outcome)
    const line = { tenant, run_id, host, attempt, status, error, outcome }
    if (outcome === 'delivered') log.info(line, 'webhook called')
    else log.warn(line, sent ? 'webhook called' : 'webhook not called')
  },
  onFault: (error) => log.error({ err: error }, 'fault while calling webhooks'),
})
