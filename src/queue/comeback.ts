import type { Redis } from 'ioredis'
import type { RedisLife } from './life.ts'

/** Longer away than this, and locks may have run out while nobody could renew them. */
const LOCKS_AT_RISK_MS = 1000
const PROBE_MS = 50
/** A connection on which nothing has come for so long is made anew. */
const HALF_OPEN_MS = 5000

export interface ComebackParts {
  redis: Redis
  life: RedisLife
  /** Since when Redis is away, on the clock of performance.now(); null while it is not. */
  awaySince: () => number | null
  /** Whether this replica has held permits, whose locks can run out. */
  mayHold: () => boolean
  /** Redis answers again. */
  onBack: (epoch: string, settle_ms: number, away_ms: number) => void
}

/** Tries to come back to a Redis that was away, again and again. */
export class Comeback {
  readonly #parts: ComebackParts
  readonly #timer: NodeJS.Timeout
  #closed = false
  #probing = false

  constructor(parts: ComebackParts) {
    this.#parts = parts
    parts.redis.on('ready', () => this.soon())
    this.#timer = setInterval(() => this.soon(), PROBE_MS)
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
  }

  /** Tries now. A Redis that only looked silent, on a busy machine, is back at once. */
  soon(): void {
    void this.#probe()
  }

  /** One try at a time: on a frozen Redis it is answered when that goes on. */
  async #probe(): Promise<void> {
    const { redis, awaySince } = this.#parts
    const since = awaySince()
    if (this.#closed || this.#probing || since === null || redis.status !== 'ready') return
    this.#probing = true
    const halfOpen = setTimeout(() => redis.disconnect(true), HALF_OPEN_MS)
    try {
      await this.#join(since)
    } catch {
      // Still away; the next probe asks again.
    } finally {
      clearTimeout(halfOpen)
      this.#probing = false
    }
  }

  async #join(since: number): Promise<void> {
    const { life, mayHold, onBack } = this.#parts
    const runId = await life.runId()
    // Asked after the answer: a frozen Redis gives it late.
    const away_ms = performance.now() - since
    const { epoch, settle_ms } = await life.join(runId, mayHold() && away_ms > LOCKS_AT_RISK_MS)
    // Frozen once more in between: what was said of locks is no longer true.
    if (this.#closed || performance.now() - since - away_ms > LOCKS_AT_RISK_MS) return
    onBack(epoch, settle_ms, away_ms)
  }
}
