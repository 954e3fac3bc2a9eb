import { Gauge, type Registry } from 'prom-client'
import type { Approval, WaitingApprovals } from '../store/records.ts'
import { Tally } from './tally.ts'

const DECISIONS: readonly Approval['status'][] = ['approved', 'rejected', 'expired']
/** Several that scrape ask the store once. */
const FRESH_MS = 10_000
/** A store that hangs must not keep all other metrics from whoever wants to know why. */
const PATIENCE_MS = 250

/** What waits for a human, and how it is decided. No label holds a tenant, run or caller. */
export class ApprovalMetrics {
  readonly #decided: Tally
  #ask: (() => Promise<WaitingApprovals>) | null = null
  #asking: Promise<void> | null = null
  #known: { waiting: WaitingApprovals; until: number } | null = null

  constructor(prefix: string, registry: Registry, now: () => number = Date.now) {
    this.#decided = new Tally(`${prefix}approvals_decided_total`, 'Approvals decided', ['decision'], registry)
    for (const decision of DECISIONS) this.#decided.at(decision)
    const gauge = (name: string, help: string, read: (waiting: WaitingApprovals) => number) => {
      const look = () => this.#look()
      new Gauge({
        name: prefix + name,
        help,
        registers: [registry],
        async collect() {
          const waiting = await look()
          // No sample says more than a number that nobody knows.
          this.remove()
          if (waiting !== null) this.set(read(waiting))
        },
      })
    }
    gauge('approvals_pending', 'Approvals that wait for a human, in the whole store', ({ count }) => count)
    gauge(
      'approvals_oldest_pending_seconds',
      'How long the oldest of them has waited; 0 while there is none',
      (waiting) => (waiting.oldest_at === null ? 0 : Math.max(0, (now() - waiting.oldest_at) / 1000)),
    )
  }

  decided(decision: Approval['status'], count = 1): void {
    this.#decided.at(decision).value += count
  }

  /** Where to ask how many wait. Until then nobody knows. */
  ask(read: () => Promise<WaitingApprovals>): void {
    this.#ask = read
  }

  /** What is known by now; null when the store has not said. */
  async #look(): Promise<WaitingApprovals | null> {
    if (this.#ask === null) return null
    if (this.#known === null || this.#known.until < performance.now()) {
      this.#asking ??= this.#refresh(this.#ask)
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, PATIENCE_MS)
      await Promise.race([this.#asking, promise])
      clearTimeout(timer)
    }
    return this.#known?.waiting ?? null
  }

  async #refresh(read: () => Promise<WaitingApprovals>): Promise<void> {
    try {
      this.#known = { waiting: await read(), until: performance.now() + FRESH_MS }
    } catch {
      // Counted where the store is measured.
      this.#known = null
    } finally {
      this.#asking = null
    }
  }
}
