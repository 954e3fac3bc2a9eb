import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Backlog } from '../../../src/run/backlog.ts'

describe('the backlog of a lane', () => {
  it('is the work of all tenants and priorities', () => {
    const backlog = new Backlog()
    backlog.add('m', 'a', 0, 100)
    backlog.add('m', 'a', 5, 10)
    backlog.add('m', 'b', 2, 1)
    backlog.add('other', 'a', 0, 1000)
    expect([backlog.total('m'), backlog.total('other'), backlog.total('unknown')]).toEqual([111, 1000, 0])
  })

  it('ahead of a call is what its tenant owes in its class and above', () => {
    const backlog = new Backlog()
    for (const [priority, work] of [1, 10, 100, 1000, 10_000, 100_000].entries()) backlog.add('m', 'a', priority, work)
    expect([0, 3, 5].map((priority) => backlog.ahead('m', 'a', priority, 50))).toEqual([111_111, 111_000, 100_000])
  })

  it('ahead of a call holds of another tenant, whatever its priority, as much as goes in turns with its own', () => {
    const backlog = new Backlog()
    backlog.add('m', 'noisy', 5, 100_000)
    backlog.add('m', 'small', 0, 30)
    // A tenant that owes nothing still takes turns, one call each.
    expect(backlog.ahead('m', 'quiet', 0, 50)).toBe(50 + 30)
    backlog.add('m', 'quiet', 1, 200)
    backlog.add('m', 'quiet', 0, 500)
    expect(backlog.ahead('m', 'quiet', 1, 50)).toBe(200 + 250 + 30)
    expect(backlog.ahead('m', 'quiet', 2, 50)).toBe(50 + 30)
  })

  it('is gone, to the last crumb, when all has been taken back', () => {
    const entry = fc.record({
      model: fc.constantFrom('m', 'n'),
      tenant: fc.constantFrom('a', 'b'),
      priority: fc.integer({ min: 0, max: 5 }),
      work: fc.double({ min: 0, max: 1e6, noNaN: true }),
    })
    fc.assert(
      fc.property(
        fc
          .array(entry, { maxLength: 40 })
          .chain((entries) =>
            fc.tuple(fc.constant(entries), fc.shuffledSubarray(entries, { minLength: entries.length })),
          ),
        ([entries, backwards]) => {
          const backlog = new Backlog()
          for (const { model, tenant, priority, work } of entries) backlog.add(model, tenant, priority, work)
          for (const { model, tenant, priority, work } of backwards) backlog.remove(model, tenant, priority, work)
          for (const model of ['m', 'n'])
            for (const tenant of ['a', 'b', 'c'])
              expect([backlog.total(model), backlog.ahead(model, tenant, 0, 50)]).toEqual([0, 0])
        },
      ),
    )
  })
})
