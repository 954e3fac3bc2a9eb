import type { BreakerState } from '../contract/roster.ts'

const IN_A_ROW = 5
const WINDOW = 20

/**
 * Circuit breaker of one server. Closed: counts. Open, after 5 failures in a row or half of the last 20: refuses for
 * `cooldown_ms`. Then half open: lets one attempt through, whose success closes it and whose failure opens it again.
 */
export class Breaker {
  readonly #cooldownMs: number
  readonly #now: () => number
  #state: BreakerState = 'closed'
  #openedAt = 0
  #probing = false
  #inARow = 0
  /** The last attempts as bits, newest lowest; 1 = failed. */
  #recent = 0
  #seen = 0

  constructor(cooldown_ms: number, now: () => number = () => performance.now()) {
    this.#cooldownMs = cooldown_ms
    this.#now = now
  }

  get state(): BreakerState {
    return this.#state === 'open' && this.#cooledDown() ? 'half_open' : this.#state
  }

  /** Whether an attempt may go out now. A yes in half open takes the only probe. */
  admit(): boolean {
    if (this.#state === 'closed') return true
    if (this.#state === 'open' && this.#cooledDown()) {
      this.#state = 'half_open'
      this.#probing = false
    }
    if (this.#state === 'open' || this.#probing) return false
    this.#probing = true
    return true
  }

  /** How an admitted attempt ended; null when it says nothing about the server (cancelled, rejected, rate limited). */
  record(failed: boolean | null): void {
    if (this.#state === 'half_open') {
      this.#probing = false
      if (failed === null) return
      if (failed) this.#open()
      else this.#reset()
      return
    }
    if (failed === null || this.#state === 'open') return
    this.#inARow = failed ? this.#inARow + 1 : 0
    this.#recent = ((this.#recent << 1) | (failed ? 1 : 0)) & ((1 << WINDOW) - 1)
    this.#seen = Math.min(WINDOW, this.#seen + 1)
    if (this.#inARow >= IN_A_ROW || (this.#seen === WINDOW && countBits(this.#recent) * 2 >= WINDOW)) this.#open()
  }

  #cooledDown(): boolean {
    return this.#now() - this.#openedAt >= this.#cooldownMs
  }

  #open(): void {
    this.#state = 'open'
    this.#openedAt = this.#now()
  }

  #reset(): void {
    this.#state = 'closed'
    this.#inARow = 0
    this.#recent = 0
    this.#seen = 0
  }
}

function countBits(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++
  return count
}
