import { spread } from './hash.ts'

const NOTHING: readonly number[] = []
const PLACES_PER_KEY = 4
/** So many times as many filter bits as keys: one lookup in so many for nothing. */
const FILTER_PER_KEY = 8

/** An open-addressed table from hashes to lists of numbers. Made to say "nothing" fast, which it nearly always does. */
export class KeyTable {
  readonly #keys: Int32Array
  readonly #lists: (readonly number[] | undefined)[]
  readonly #mask: number
  /** 1 where some key has these low bits. */
  readonly #filter: Uint8Array
  readonly #filterMask: number

  constructor(entries: ReadonlyMap<number, readonly number[]>) {
    const filterSize = 2 ** Math.ceil(Math.log2(entries.size * FILTER_PER_KEY + 1))
    this.#filter = new Uint8Array(filterSize)
    this.#filterMask = filterSize - 1
    const size = 2 ** Math.ceil(Math.log2(entries.size * PLACES_PER_KEY + 1))
    this.#keys = new Int32Array(size)
    this.#lists = new Array(size)
    this.#mask = size - 1
    for (const [key, list] of entries) {
      this.#filter[key & this.#filterMask] = 1
      let at = spread(key) & this.#mask
      while (this.#lists[at] !== undefined) at = (at + 1) & this.#mask
      this.#keys[at] = key
      this.#lists[at] = list
    }
  }

  get(key: number): readonly number[] {
    if (this.#filter[key & this.#filterMask] === 0) return NOTHING
    for (let at = spread(key) & this.#mask; ; at = (at + 1) & this.#mask) {
      const list = this.#lists[at]
      if (list === undefined) return NOTHING
      if (this.#keys[at] === key) return list
    }
  }
}
