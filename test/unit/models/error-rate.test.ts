import { describe, expect, it } from 'vitest'
import { ErrorRate } from '../../../src/models/error-rate.ts'

/** A rate on a clock that only the test moves. */
function rated() {
  let now = 1000
  const rate = new ErrorRate(() => now)
  return { rate, pass: (ms: number) => (now += ms) }
}

describe('the share of calls that failed', () => {
  it('is unknown before the first call', () => {
    expect(rated().rate.value).toBeNull()
  })

  it('begins at 0: the first failure counts a fifth, like every other call', () => {
    const { rate } = rated()
    rate.record(true)
    expect(rate.value).toBeCloseTo(0.2, 12)
    rate.record(true)
    expect(rate.value).toBeCloseTo(0.36, 12)
    rate.record(false)
    expect(rate.value).toBeCloseTo(0.288, 12)
  })

  it('halves with every minute, also between calls', () => {
    const { rate, pass } = rated()
    rate.record(true)
    pass(60_000)
    expect(rate.value).toBeCloseTo(0.1, 12)
    rate.record(true)
    expect(rate.value).toBeCloseTo(0.1 + 0.2 * 0.9, 12)
    pass(12 * 60_000)
    expect(rate.value).toBeLessThan(0.001)
  })
})
