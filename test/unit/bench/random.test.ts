import { expect, test } from 'vitest'
import { createRandom, exponential, logNormal, pick, shuffled } from '../../../bench/simulation/random.ts'

const draws = <T>(seed: number, draw: (random: () => number) => T): T[] => {
  const random = createRandom(seed)
  return Array.from({ length: 4000 }, () => draw(random))
}
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

test('the same seed draws the same numbers, another one others', () => {
  expect(draws(7, (random) => random())).toEqual(draws(7, (random) => random()))
  expect(draws(7, (random) => random())).not.toEqual(draws(8, (random) => random()))
})

test('the numbers are those of mulberry32', () => {
  const random = createRandom(1)
  expect([random(), random()].map((value) => Math.floor(value * 2 ** 32))).toEqual([2693262067, 11749833])
})

test('the distributions have the means that they promise', () => {
  expect(mean(draws(1, (random) => exponential(random, 20)))).toBeCloseTo(20, -1)
  const logarithms = draws(2, (random) => Math.log(logNormal(random, 0.6, 0.3)))
  expect(mean(logarithms)).toBeCloseTo(Math.log(0.6), 1)
  const picks = draws(3, (random) =>
    pick(random, [
      ['a', 1],
      ['b', 3],
    ] as const),
  )
  expect(picks.filter((name) => name === 'b').length / picks.length).toBeCloseTo(0.75, 1)
})

test('a shuffle loses nothing', () => {
  expect(shuffled(createRandom(5), 50).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, at) => at))
})
