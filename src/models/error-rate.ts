/** Weight of the newest call. */
const SMOOTHING = 0.2
/** What was seen this long ago counts half: a server that is called no more may have recovered. */
const HALF_LIFE_MS = 60_000

/**
 * Share of a server's calls that failed lately, 0 to 1: a moving average that begins at 0, so that one failure is no verdict, and
 * that halves with every minute, so that a server which is called no more for its failures is tried again.
 */
export class ErrorRate {
  readonly #now: () => number
  #rate: number | null = null
  /** When the last call was taken in, on the clock of `now`. */
  #at = 0

  /** `now`: milliseconds that never go back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Null before the first call. */
  get value(): number | null {
    return this.#rate === null ? null : this.#rate * 0.5 ** ((this.#now() - this.#at) / HALF_LIFE_MS)
  }

  record(failed: boolean): void {
    const faded = this.value ?? 0
    this.#rate = faded + SMOOTHING * (Number(failed) - faded)
    this.#at = this.#now()
  }
}
