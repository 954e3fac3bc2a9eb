import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Burst, look, take } from '../../../../src/plugins/rate-limit/window.ts'

const WINDOW = 60_000

describe('a sliding window', () => {
  it('lets through as many as the limit, and one more when the first has left', () => {
    const bursts: Burst[] = []
    for (let i = 1; i <= 3; i++) expect(take(bursts, 0, WINDOW, 3)).toEqual({ current: i, ttl: WINDOW })
    expect(take(bursts, 1000, WINDOW, 3)).toEqual({ current: 4, ttl: 59_000 })
    expect(take(bursts, WINDOW - 1, WINDOW, 3).current).toBe(4)
    expect(take(bursts, WINDOW, WINDOW, 3).current).toBe(1)
  })

  it('does not count what it refused: who keeps asking is let in as soon as who waits', () => {
    const bursts: Burst[] = []
    take(bursts, 0, WINDOW, 1)
    for (let at = 1000; at < WINDOW; at += 1000) expect(take(bursts, at, WINDOW, 1).current).toBe(2)
    expect(take(bursts, WINDOW, WINDOW, 1).current).toBe(1)
  })

  it('looks without counting', () => {
    const bursts: Burst[] = []
    expect(look(bursts, 0, WINDOW)).toEqual({ current: 0, ttl: 0 })
    take(bursts, 0, WINDOW, 5)
    expect(look(bursts, 10, WINDOW)).toEqual({ current: 1, ttl: WINDOW - 10 })
    expect(look(bursts, 10, WINDOW).current).toBe(1)
  })

  it('whenever requests come: no span of its length has more than the limit, and its list stays short', () => {
    const gaps = fc.array(fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 30_000 })), { maxLength: 200 })
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 20 }), (pauses, max) => {
        const bursts: Burst[] = []
        const accepted: number[] = []
        let now = 0
        for (const pause of pauses) {
          now += pause
          if (take(bursts, now, WINDOW, max).current <= max) accepted.push(now)
          expect(bursts.length).toBeLessThanOrEqual(21)
        }
        for (const from of accepted)
          expect(accepted.filter((at) => at >= from && at < from + WINDOW).length).toBeLessThanOrEqual(max)
      }),
    )
  })
})
