/** What was last seen of something, and for how long it has looked like that, in ms. */
interface Sight {
  mark: string
  still: number
}

/**
 * Tells what has not changed for a time, by the clock of whoever looks: the clocks of two machines need not agree, and one
 * that is set anew makes nothing look old. Time in which nobody could look counts little: while the store is away nobody
 * can give a sign of life either, and whoever was frozen has missed them.
 */
export class Stillness {
  readonly #forMs: number
  readonly #mostMs: number
  #seen = new Map<string, Sight>()
  #lookedAt: number | null = null

  /** `mostMs`: so much counts at most between two looks. */
  constructor(forMs: number, mostMs: number) {
    this.#forMs = forMs
    this.#mostMs = mostMs
  }

  /** Takes one look, at `now` ms on a clock that is never set. Returns those that have looked the same for the whole time. */
  look<T>(all: readonly T[], idOf: (one: T) => string, markOf: (one: T) => string, now: number): T[] {
    const before = this.#seen
    const passed = Math.min(now - (this.#lookedAt ?? now), this.#mostMs)
    this.#seen = new Map()
    this.#lookedAt = now
    return all.filter((one) => {
      const id = idOf(one)
      const mark = markOf(one)
      const known = before.get(id)
      const still = known?.mark === mark ? known.still + passed : 0
      this.#seen.set(id, { mark, still })
      return still >= this.#forMs
    })
  }
}
