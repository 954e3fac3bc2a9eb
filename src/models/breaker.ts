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
  readonly #onChange: (state: BreakerState) => void
  #state: BreakerState = 'closed'
  #openedAt = 0
  #probing = false
  /** Counts changes of state. What was admitted before one ended too late to tell anything about the time after it. */
  #era = 0
  #inARow = 0
  /** The last attempts as bits, newest lowest; 1 = failed. */
  #recent = 0
  #seen = 0

  constructor(
    cooldown_ms: number,
    now: () => number = () => performance.now(),
    onChange: (state: BreakerState) => void = () => undefined,
  ) {
    this.#cooldownMs = cooldown_ms
    this.#now = now
    this.#onChange = onChange
  }

  get state(): BreakerState {
    return this.#state === 'open' && this.#cooledDown() ? 'half_open' : this.#state
  }

  /** The ticket of an attempt that may go out now, or null. In half open there is one, for the probe. */
  admit(): number | null {
    if (this.#state === 'closed') return this.#era
    if (this.#state === 'open' && this.#cooledDown()) this.#enter('half_open')
    if (this.#state === 'open' || this.#probing) return null
    this.#probing = true
    return this.#era
  }

  /** How an admitted attempt ended; null when it says nothing about the server (cancelled, rejected, rate limited). */
  record(ticket: number, failed: boolean | null): void {
    if (ticket !== this.#era) return
    if (this.#state === 'half_open') {
      this.#probing = false
      if (failed === null) return
      if (failed) this.#open()
      else this.#reset()
      return
    }
    if (failed === null) return
    this.#inARow = failed ? this.#inARow + 1 : 0
    this.#recent = ((this.#recent << 1) | (failed ? 1 : 0)) & ((1 << WINDOW) - 1)
    this.#seen = Math.min(WINDOW, this.#seen + 1)
    if (this.#inARow >= IN_A_ROW || (this.#seen === WINDOW && countBits(this.#recent) * 2 >= WINDOW)) this.#open()
  }

  #cooledDown(): boolean {
    return this.#now() - this.#openedAt >= this.#cooldownMs
  }

  #enter(state: BreakerState): void {
    this.#state = state
    this.#probing = false
    this.#era++
    this.#onChange(state)
  }

  #open(): void {
    this.#enter('open')
    this.#openedAt = this.#now()
  }

  #reset(): void {
    this.#enter('closed')
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
