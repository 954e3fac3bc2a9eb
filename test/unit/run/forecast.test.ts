import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Forecast } from '../../../src/run/forecast.ts'

const forecastOf = (...answers: [latency_ms: number, tokens: number | null][]): Forecast => {
  const forecast = new Forecast()
  for (const [latency_ms, tokens] of answers) forecast.learn('Clinical', 'm', latency_ms, tokens, true)
  return forecast
}
const expected = (forecast: Forecast, max_tokens = 8192) => forecast.expectedMs('Clinical', 'm', max_tokens)

describe('what a call will take', () => {
  it('is unknown before the first answer of the model', () => {
    expect(forecastOf([1000, 100]).expectedMs('Clinical', 'n', 512)).toBe(null)
  })

  it('is that of the model for an agent that it has not answered yet', () => {
    const forecast = forecastOf([1000, 100])
    expect(forecast.expectedMs('Billing', 'm', 512)).toBe(1000)
    forecast.learn('Billing', 'm', 400, 40, true)
    expect(forecast.expectedMs('Billing', 'm', 512)).toBe(400)
  })

  it('is what the first answer took, then an average in which each new answer counts a tenth', () => {
    expect(expected(forecastOf([1000, 100]))).toBe(1000)
    expect(expected(forecastOf([1000, 100], [2000, 100]))).toBe(1100)
    expect(expected(forecastOf([1000, 100], [2000, 100], [100, 100]))).toBe(1000)
  })

  it('is less in proportion where fewer tokens are allowed than usual, and never more where more are', () => {
    const forecast = forecastOf([1000, 100])
    expect([25, 99, 100, 8192].map((max_tokens) => expected(forecast, max_tokens))).toEqual([250, 990, 1000, 1000])
  })

  it('is not scaled while no server has said how many tokens it wrote; then from the first that does', () => {
    expect(expected(forecastOf([1000, null]), 1)).toBe(1000)
    expect(expected(forecastOf([1000, null], [1000, 200], [1000, null]), 50)).toBe(250)
  })

  it('lies between the quickest and the slowest answer', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1 }), (latencies) => {
        const known = expected(forecastOf(...latencies.map((one): [number, number] => [one, 10]))) as number
        expect(known).toBeGreaterThanOrEqual(Math.min(...latencies) - 1e-6)
        expect(known).toBeLessThanOrEqual(Math.max(...latencies) + 1e-6)
      }),
    )
  })
})

describe('a call that was given up', () => {
  const giveUp = (forecast: Forecast, after_ms: number) => forecast.learn('Clinical', 'm', after_ms, null, false)

  it('pushes the average up when it had taken longer, and never down', () => {
    const forecast = forecastOf([1000, 100])
    giveUp(forecast, 500)
    giveUp(forecast, 1000)
    expect(expected(forecast)).toBe(1000)
    giveUp(forecast, 2000)
    expect(expected(forecast)).toBe(1100)
    // What is known of tokens stays.
    expect(expected(forecast, 50)).toBe(550)
  })

  it('before it was sent teaches nothing: no work is ever expected to take no time', () => {
    const forecast = new Forecast()
    giveUp(forecast, 0)
    expect(expected(forecast)).toBe(null)
    const { weights } = forecast.worksOf([{ agent_type: 'Clinical', planned_model: 'm', max_tokens: 50 }])
    expect([...weights]).toEqual([500])
  })

  it('is all that is known while no answer has come, and counts for nothing once one has', () => {
    const forecast = new Forecast()
    giveUp(forecast, 5000)
    expect(expected(forecast)).toBe(5000)
    forecast.learn('Clinical', 'm', 300, 30, true)
    expect(expected(forecast)).toBe(300)
  })
})

describe('the works of a plan', () => {
  it('are 0 where nothing is known, and weigh by the tokens allowed there', () => {
    const forecast = forecastOf([1000, 100])
    const known = { agent_type: 'Clinical', planned_model: 'm', max_tokens: 50 }
    const unknown = { agent_type: 'Billing', planned_model: 'n', max_tokens: 50 }
    const { expected: works, weights } = forecast.worksOf([known, unknown])
    expect([...works]).toEqual([500, 0])
    expect([...weights]).toEqual([500, 500])
  })
})
