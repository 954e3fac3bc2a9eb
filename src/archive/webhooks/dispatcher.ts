import type { WebhookAttempt } from '../../contract/webhook.ts'
import type { Store } from '../../store/port.ts'
import type { DueDelivery } from '../../store/records.ts'
import { backoffMs } from './backoff.ts'
import { messageId, messageOf } from './message.ts'
import { type Sent, send } from './sender.ts'
import { signatureHeaders, signingKey } from './signature.ts'
import { checkTarget } from './target.ts'

const MOST_AT_ONCE = 8
/** Far beyond one attempt and its record: whoever has not answered by then has died. */
const LEASE_MS = 60_000
const STOP_GRACE_MS = 5000

export interface DispatcherParts {
  store: Pick<Store, 'dueDeliveries' | 'delivered' | 'failedDelivery'>
  secret: string
  /** Only these are called: `host` or `host:port`. */
  hosts: readonly string[]
  /** Hears of every call once it is recorded. */
  onAttempt: (attempt: WebhookAttempt) => void
  /** Hears of what the store could not do; the deliveries are taken up again. */
  onFault: (error: unknown) => void
  /** Epoch ms. @default Date.now */
  now?: () => number
  /** How often the store is asked without being woken. @default 5000 */
  pollMs?: number
  /** For one call. @default 10000 */
  timeoutMs?: number
  /** @default backoffMs */
  backoff?: (attempts: number) => number | null
}

/**
 * Sends what is due. At least once, not in order: a delivery belongs to one process for a lease, and is sent again by any
 * when no word came of it. Throws ConfigError when the secret is none.
 */
export class WebhookDispatcher {
  readonly #parts: Required<DispatcherParts>
  readonly #key: Uint8Array
  readonly #inFlight = new Set<Promise<void>>()
  readonly #givenUp = new AbortController()
  #timer: NodeJS.Timeout | null = null
  #asking: Promise<void> | null = null
  #isAsking = false
  #wanted = false
  #inTrouble = false

  constructor(parts: DispatcherParts) {
    this.#parts = { now: Date.now, pollMs: 5000, timeoutMs: 10_000, backoff: backoffMs, ...parts }
    this.#key = signingKey(parts.secret)
  }

  start(): void {
    this.#timer ??= setInterval(() => this.wake(), this.#parts.pollMs).unref()
    this.wake()
  }

  /** Something may be due. */
  wake(): void {
    this.#wanted = true
    if (this.#timer !== null && !this.#isAsking) this.#asking = this.#ask()
  }

  /** Takes no more, and waits for the calls in flight; those that last longer than `graceMs` are sent again one day. */
  async stop(graceMs: number = STOP_GRACE_MS): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    await this.#asking
    const over = setTimeout(() => this.#givenUp.abort(), graceMs)
    await Promise.all(this.#inFlight)
    clearTimeout(over)
  }

  async #ask(): Promise<void> {
    const { store, now, onFault } = this.#parts
    this.#isAsking = true
    try {
      while (this.#timer !== null && this.#wanted) {
        const free = MOST_AT_ONCE - this.#inFlight.size
        // Whoever ends looks again.
        if (free === 0) break
        this.#wanted = false
        const at = now()
        const due = await store.dueDeliveries(at, at + LEASE_MS, free)
        this.#inTrouble = false
        for (const delivery of due) this.#begin(delivery)
        if (due.length === free) this.#wanted = true
      }
    } catch (error) {
      // The timer asks again; a store that is away is told of once.
      if (!this.#inTrouble) onFault(error)
      this.#inTrouble = true
    } finally {
      this.#isAsking = false
    }
  }

  #begin(delivery: DueDelivery): void {
    const begun = this.#deliver(delivery)
      .catch(this.#parts.onFault)
      .finally(() => {
        this.#inFlight.delete(begun)
        if (this.#wanted) this.wake()
      })
    this.#inFlight.add(begun)
  }

  async #deliver(delivery: DueDelivery): Promise<void> {
    const { store, now, backoff, onAttempt } = this.#parts
    const { tenant, run_id, attempts: attempt } = delivery
    const { host, sent, status, error } = await this.#attempt(delivery)
    // Whether it arrived is not known. When the lease is over it is sent again.
    if (error === 'stopped') return
    const tell = (outcome: WebhookAttempt['outcome']) =>
      onAttempt({ tenant, run_id, host, sent, attempt, status, error, outcome })
    if (error === null) {
      await store.delivered(delivery, now())
      return tell('delivered')
    }
    const wait = backoff(attempt)
    await store.failedDelivery(delivery, error, wait === null ? null : now() + wait)
    tell(wait === null ? 'given_up' : 'failed')
  }

  async #attempt(delivery: DueDelivery): Promise<Sent & { host: string | null; sent: boolean }> {
    const { hosts, now, timeoutMs } = this.#parts
    const { webhook } = delivery
    if ('fault' in webhook) return { host: null, sent: false, status: null, error: webhook.fault }
    // Checked when the run was accepted too; the list may have changed since.
    const target = checkTarget(webhook.url, hosts)
    if (!target.ok)
      return { host: URL.parse(webhook.url)?.host ?? null, sent: false, status: null, error: target.fault }
    const body = JSON.stringify(messageOf(delivery))
    const headers = signatureHeaders(this.#key, messageId(delivery), now(), body)
    const answer = await send({ url: target.url, headers, body }, { timeoutMs, stop: this.#givenUp.signal })
    return { host: target.url.host, sent: true, ...answer }
  }
}
