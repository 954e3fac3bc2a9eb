/** Chance that can be had again: the same seed gives the same numbers in the same order. */
export interface Chance {
  /** From 0 up to 1. */
  next: () => number
  /** A whole number, both ends included. */
  between: (least: number, most: number) => number
  happens: (share: number) => boolean
  pick: <T>(list: readonly T[]) => T
  /** Chance of its own, so that those who draw at the same time do not change each other's numbers. */
  branch: () => Chance
}

/** Mulberry32. */
export function createChance(seed: number): Chance {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    between,
    happens: (share) => next() < share,
    pick: (list) => {
      const picked = list[between(0, list.length - 1)]
      if (picked === undefined) throw new Error('Nothing to pick from')
      return picked
    },
    branch: () => createChance(between(0, 2 ** 32 - 1)),
  }
}
