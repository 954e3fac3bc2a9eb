import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fallbackLimit } from '../../../src/queue/fallback.ts'

const idle = (slots: number) => ({ slots, held: 0, free: slots, full: false })
const limits = (slots: number, replicas: number, away_ms: number) =>
  Array.from({ length: replicas }, (_, rank) => fallbackLimit(idle(slots), { replicas, rank }, away_ms))

describe('what a replica may do by itself while Redis is away', () => {
  it('is its part of the slots: all of them together, none twice', () => {
    expect(limits(8, 2, 0)).toEqual([4, 4])
    expect(limits(8, 3, 10_000)).toEqual([3, 3, 2])
    expect(limits(4, 1, 0)).toEqual([4])
  })

  it('is one call at least, so that every replica goes on', () => {
    expect(limits(1, 3, 0)).toEqual([1, 1, 1])
  })

  it('is what it held at first when calls waited, because the other permits are in use elsewhere', () => {
    const last = { slots: 4, held: 1, free: 0, full: true }
    expect(fallbackLimit(last, { replicas: 2, rank: 0 }, 0)).toBe(1)
    expect(fallbackLimit({ ...last, held: 0 }, { replicas: 2, rank: 0 }, 0)).toBe(0)
    expect(fallbackLimit({ ...last, held: 4 }, { replicas: 2, rank: 0 }, 0)).toBe(2)
    expect(fallbackLimit({ ...last, held: 0 }, { replicas: 2, rank: 0 }, 3000)).toBe(2)
  })

  it('is never nothing at once when nobody waited', () => {
    expect(fallbackLimit({ slots: 4, held: 0, free: 0, full: false }, { replicas: 2, rank: 1 }, 0)).toBe(1)
  })

  it('is never more than the slots, and over all replicas the slots where there are enough', () => {
    const replicas = fc.integer({ min: 1, max: 8 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), replicas, fc.nat({ max: 6000 }), (slots, count, away_ms) => {
        const all = limits(slots, count, away_ms)
        for (const limit of all) expect(limit).toBeLessThanOrEqual(slots)
        expect(all.reduce((sum, limit) => sum + limit)).toBe(Math.max(slots, count))
      }),
    )
  })
})
