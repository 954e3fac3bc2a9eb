/** Uniform numbers from 0 to 1, the same for the same seed. */
export type Random = () => number

/** mulberry32: 32 bits of state, good enough to draw workloads, and short enough to read. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Gaps between arrivals of a Poisson process with this mean gap. */
export const exponential = (random: Random, mean: number): number => -mean * Math.log(1 - random())

/** Log-normal: exp of a normal variable (Box–Muller) around the logarithm of `median`. */
export const logNormal = (random: Random, median: number, sigma: number): number =>
  median * Math.exp(sigma * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()))

/** One of the names, each as often as its weight says. */
export function pick<T>(random: Random, weighted: readonly (readonly [T, number])[]): T {
  let left = random() * weighted.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [name, weight] of weighted) {
    left -= weight
    if (left < 0) return name
  }
  return (weighted.at(-1) as readonly [T, number])[0]
}

/** The numbers from 0 to `count` − 1 in random order. */
export function shuffled(random: Random, count: number): number[] {
  const order = Array.from({ length: count }, (_, index) => index)
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const swapped = order[last] as number
    order[last] = order[other] as number
    order[other] = swapped
  }
  return order
}
