import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shareEnd } from '../../../src/run/share.ts'

describe('the time of an attempt', () => {
  const end = (fallbacks_left: number, expected_ms: number | null) =>
    shareEnd({ sent: 1000, end: 7000, fallbacks_left, expected_ms })

  it('is what remains, divided by the models that are left', () => {
    expect([0, 1, 2].map((left) => end(left, null))).toEqual([7000, 4000, 3000])
  })

  it('is half as much again as such a call takes where that is more', () => {
    expect(end(1, 2000)).toBe(4000)
    expect(end(1, 3000)).toBe(5500)
  })

  it('is never more than remains', () => {
    expect(end(1, 100_000)).toBe(7000)
  })

  it('is never less than its share and never beyond the end', () => {
    const ms = fc.integer({ min: 0, max: 100_000 })
    fc.assert(
      fc.property(ms, ms, fc.nat({ max: 5 }), fc.option(ms), (sent, time, fallbacks_left, expected_ms) => {
        const at = shareEnd({ sent, end: sent + time, fallbacks_left, expected_ms })
        expect(at).toBeGreaterThanOrEqual(shareEnd({ sent, end: sent + time, fallbacks_left, expected_ms: null }))
        expect(at).toBeLessThanOrEqual(sent + time)
      }),
    )
  })
})
