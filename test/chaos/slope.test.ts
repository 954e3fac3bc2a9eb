import { expect, test } from 'vitest'
import { growthOf, slopeOf } from './slope.ts'

test('the slope of a line is its own, whatever swings around it', () => {
  const line = [0, 10, 20, 30].map((at, index) => ({ at, value: 5 + 2 * at + (index === 0 || index === 3 ? 1 : -1) }))
  expect(slopeOf(line)).toBeCloseTo(2)
  expect(growthOf(line)).toBeCloseTo(60)
})

test('of too few samples nothing grows', () => {
  expect([slopeOf([]), growthOf([{ at: 3, value: 9 }])]).toEqual([0, 0])
})
