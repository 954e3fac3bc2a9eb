import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { actualCost, mostPromptTokens, usualPromptTokens, worstCost } from '../../../src/routing/cost.ts'

const GPT = { input: 2.5, output: 10 }
const most = { prompt_tokens: 1000, max_tokens: 500, seconds: 60 }

describe('the cost of a call', () => {
  test('before it: all of the prompt and all that may be written, per million tokens', () => {
    expect(worstCost(GPT, most)).toBeCloseTo(0.0025 + 0.005, 12)
  })
  test('before it, by GPU-second: all the time that it may take', () => {
    expect(worstCost({ gpu_second: 0.0005 }, most)).toBeCloseTo(0.03, 12)
  })
  test('after it: what the server reports', () => {
    const usage = { prompt_tokens: 800, completion_tokens: 100, seconds: 4 }
    expect(actualCost(GPT, usage, most)).toBeCloseTo(0.002 + 0.001, 12)
    expect(actualCost({ gpu_second: 0.0005 }, usage, most)).toBeCloseTo(0.002, 12)
  })
  test('after it, with a server that reports nothing: the most that was possible', () => {
    const silent = { prompt_tokens: null, completion_tokens: null, seconds: null }
    expect(actualCost(GPT, silent, most)).toBe(worstCost(GPT, most))
    expect(actualCost(GPT, { ...silent, completion_tokens: 0 }, most)).toBeCloseTo(0.0025, 12)
  })
  test('is nothing where the price is', () => {
    expect(worstCost({ input: 0, output: 0 }, most)).toBe(0)
  })
})

const amount = fc.nat(1_000_000)
const dollars = fc.double({ min: 0, max: 1000, noNaN: true })
const price = fc.oneof(fc.record({ input: dollars, output: dollars }), fc.record({ gpu_second: dollars }))
const size = fc.record({ prompt_tokens: amount, max_tokens: amount, seconds: amount })

describe('for every price and size', () => {
  test('no cost is negative, and what a call took within its bounds never costs more than the worst', () => {
    fc.assert(
      fc.property(
        price,
        size,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        (prices, bounds, share, told) => {
          const part = (of: number) => (told ? Math.floor(of * share) : null)
          const usage = {
            prompt_tokens: part(bounds.prompt_tokens),
            completion_tokens: part(bounds.max_tokens),
            seconds: part(bounds.seconds),
          }
          const actual = actualCost(prices, usage, bounds)
          expect(actual).toBeGreaterThanOrEqual(0)
          expect(actual).toBeLessThanOrEqual(worstCost(prices, bounds))
        },
      ),
    )
  })
  test('the usual size of a prompt is never above the greatest', () => {
    fc.assert(
      fc.property(fc.nat(1e7), (bytes) => {
        expect(usualPromptTokens(bytes)).toBeLessThanOrEqual(mostPromptTokens(bytes))
        expect(usualPromptTokens(bytes)).toBeGreaterThan(0)
      }),
    )
  })
})
