import type { Caller } from './caller.ts'

interface Entry {
  caller: Caller
  until: number
}

/** Callers by the digest of their token: at most `max`, the least recently used goes first, and none past its time. */
export class Remembered {
  readonly #max: number
  readonly #entries = new Map<string, Entry>()

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#entries.size
  }

  /** Remembers a caller until a time in milliseconds. */
  keep(digest: string, caller: Caller, until: number): void {
    this.#entries.delete(digest)
    if (this.#entries.size >= this.#max) this.#entries.delete(this.#entries.keys().next().value as string)
    this.#entries.set(digest, { caller, until })
  }

  /** The caller, or null when there is none or the time is over. */
  recall(digest: string, now: number): Caller | null {
    const entry = this.#entries.get(digest)
    if (entry === undefined) return null
    this.#entries.delete(digest)
    if (now >= entry.until) return null
    // Set anew, it stands at the end: the first of a Map is then the least recently used.
    this.#entries.set(digest, entry)
    return entry.caller
  }
}
