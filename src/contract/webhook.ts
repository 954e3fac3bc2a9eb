import { z } from 'zod'
import { RunStatus } from './status.ts'

/** What a webhook can be told of. */
export type WebhookEventName = 'run.finished'

const LONGEST_URL = 2048

export const WebhookUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .max(LONGEST_URL, `must be at most ${LONGEST_URL} characters long`)
  .describe('Is told, signed, when the run has ended. Its host must be among WEBHOOK_HOSTS')

/** The body of a call to a webhook. No clinical text: the run is read with a token, as ever. */
export const RunFinished = z.strictObject({
  type: z.literal('run.finished'),
  timestamp: z.iso.datetime().describe('When the run ended'),
  data: z.strictObject({
    run_id: z.string(),
    workflow_type: z.string(),
    status: RunStatus,
    url: z.string().describe('Path of the run on this service'),
  }),
})

/** How one call to a webhook ended. `failed`: it will be tried again. */
export type WebhookOutcome = 'delivered' | 'failed' | 'given_up'

/** What may be told of one attempt to call a webhook: ids and codes, nothing of its URL but the host. */
export interface WebhookAttempt {
  tenant: string
  run_id: string
  /** `host[:port]`; null when the URL could not be read. */
  host: string | null
  /** False: nobody was called, for `error` says why the URL must not or cannot be. */
  sent: boolean
  /** Counted from 1. */
  attempt: number
  /** Of the answer; null when there was none. */
  status: number | null
  /** What went wrong: `http_503`, `timeout`, …; null when it arrived. */
  error: string | null
  outcome: WebhookOutcome
}

export type RunFinished = z.output<typeof RunFinished>
