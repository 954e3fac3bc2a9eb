import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LAST_PLACE, ticketPriority } from '../../../src/run/ticket-priority.ts'

const AGING = 15_000
const place = (priority: number, rank = 0, waited = 0) => ticketPriority({ priority, rank, since: 0 }, waited, AGING)
/** BullMQ takes no more. */
const MOST = 2 ** 21

describe('the place of a wait in the queue of all replicas', () => {
  it('goes by class, then by path', () => {
    expect(place(5)).toBeLessThan(place(4, 1e9))
    expect(place(3, 5000)).toBeLessThan(place(3, 1000))
    expect(place(3, 5000)).toBe(place(3, 5001))
  })

  it('rises by a class for each aging interval, to the highest', () => {
    expect(place(0, 0, AGING)).toBe(place(1))
    expect(place(4, 0, 10 * AGING)).toBe(place(5))
  })

  it('is one that BullMQ takes, and never behind the last', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), fc.double({ min: 0, max: 1e12, noNaN: true }), (priority, rank) => {
        const at = place(priority, rank)
        expect(Number.isInteger(at)).toBe(true)
        expect(at).toBeGreaterThanOrEqual(1)
        expect(at).toBeLessThan(LAST_PLACE)
      }),
    )
    expect(LAST_PLACE).toBeLessThanOrEqual(MOST)
  })
})
