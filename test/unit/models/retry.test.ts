import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failure } from '../../../src/models/failure.ts'
import { createRetryPolicy } from '../../../src/models/retry.ts'

const transient = (retry_after_ms: number | null = null) =>
  failure('upstream_error', 5, { transient: true, retry_after_ms })
const lasting = failure('upstream_rejected', 5)

describe('the retry policy', () => {
  it('asks again after a transient failure, twice at most', () => {
    const policy = createRetryPolicy()
    const again = [1, 2, 3, 4].map((tries) => policy({ failure: transient(), tries, remaining_ms: 60_000 }) !== null)
    expect(again).toEqual([true, true, false, false])
  })

  it('never asks again when asking the same server cannot help', () => {
    expect(createRetryPolicy()({ failure: lasting, tries: 1, remaining_ms: 60_000 })).toBeNull()
  })

  it('doubles the pause from 100 ms, to two seconds at most', () => {
    const policy = createRetryPolicy({ max_tries: 99, random: () => 1 })
    const pauses = [1, 2, 3, 4, 5, 6, 60].map((tries) => policy({ failure: transient(), tries, remaining_ms: 60_000 }))
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 2000, 2000])
  })

  it('draws the pause from the upper half of its range, so that failures do not come back together', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 40 }), (drawn, tries) => {
        const policy = createRetryPolicy({ max_tries: 99, random: () => drawn })
        const whole = Math.min(2000, 100 * 2 ** (tries - 1))
        const pause = policy({ failure: transient(), tries, remaining_ms: 60_000 })
        expect(pause).toBeGreaterThanOrEqual(whole / 2)
        expect(pause).toBeLessThanOrEqual(whole)
      }),
    )
    const [least, most] = [0, 1].map((drawn) =>
      createRetryPolicy({ random: () => drawn })({ failure: transient(), tries: 1, remaining_ms: 60_000 }),
    )
    expect([least, most]).toEqual([50, 100])
  })

  it('waits as long as the server asked, without jitter', () => {
    const policy = createRetryPolicy({ random: () => 0 })
    expect(policy({ failure: transient(7000), tries: 1, remaining_ms: 60_000 })).toBe(7000)
    expect(policy({ failure: transient(0), tries: 1, remaining_ms: 60_000 })).toBe(0)
  })

  it.each([1000, 1001, 1e18, Number.POSITIVE_INFINITY])(
    'gives up at once when the server asks for %d ms of 1000 left',
    (asked) => {
      expect(createRetryPolicy()({ failure: transient(asked), tries: 1, remaining_ms: 1000 })).toBeNull()
    },
  )

  it('gives up when its own pause would outlast the time left, or none is left', () => {
    const policy = createRetryPolicy({ random: () => 1 })
    expect(policy({ failure: transient(), tries: 1, remaining_ms: 100 })).toBeNull()
    expect(policy({ failure: transient(), tries: 1, remaining_ms: 101 })).toBe(100)
    expect(policy({ failure: transient(0), tries: 1, remaining_ms: -5 })).toBeNull()
  })
})
