import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Claim, chooseNext, compareClaims, effectiveClass } from '../../../src/run/policy.ts'

const claim = (own: Partial<Claim> = {}): Claim => ({ priority: 0, rank: 0, since: 0, seq: 0, ...own })
const anyClaim = fc.record({
  priority: fc.integer({ min: 0, max: 5 }),
  rank: fc.integer({ min: 0, max: 3 }),
  since: fc.integer({ min: 0, max: 60_000 }),
  seq: fc.nat(),
})
const NOW = 60_000
const AGING = 15_000

describe('the class in which a claim competes', () => {
  it.each([
    [0, 0],
    [14_999, 0],
    [15_000, 1],
    [29_999, 1],
    [30_000, 2],
    [75_000, 5],
    [10_000_000, 5],
  ])('after %i ms of waiting at priority 0 and aging every 15 s is %i', (now, expected) => {
    expect(effectiveClass(claim(), now, AGING)).toBe(expected)
  })

  it('counts from when the claim began to wait', () => {
    expect(effectiveClass(claim({ priority: 2, since: 50_000 }), 64_999, AGING)).toBe(2)
    expect(effectiveClass(claim({ priority: 2, since: 50_000 }), 65_000, AGING)).toBe(3)
  })

  it('never passes 5', () => {
    expect(effectiveClass(claim({ priority: 5 }), 15_000, AGING)).toBe(5)
  })
})

describe('of several claims the next permit goes to', () => {
  const next = (claims: Claim[], now = NOW) => chooseNext(claims, now, AGING)

  it('none when none waits', () => {
    expect(next([])).toBe(-1)
  })

  it('the one of higher priority, although it came later and has less to do', () => {
    expect(next([claim({ rank: 9 }), claim({ priority: 1, seq: 1 })], 0)).toBe(1)
  })

  it('the one with the longer remaining path within a class', () => {
    expect(next([claim({ rank: 100 }), claim({ rank: 900, seq: 1 })], 0)).toBe(1)
  })

  it('the first that came when all else is equal', () => {
    expect(next([claim({ seq: 3 }), claim({ seq: 1 }), claim({ seq: 2 })])).toBe(1)
  })

  it('one that has aged to the same class by its rank, not by its wait', () => {
    // Aging in steps: within a class the longer path still goes first.
    const waited = claim({ priority: 0, rank: 1, since: 0 })
    const fresh = claim({ priority: 1, rank: 2, since: 15_000, seq: 1 })
    expect(next([waited, fresh], 15_000)).toBe(1)
    expect(next([waited, fresh], 29_999)).toBe(1)
  })

  it('one of priority 0 in the end, however many urgent ones keep coming', () => {
    const starving = claim({ priority: 0, rank: 5 })
    const urgent = (now: number) => claim({ priority: 5, rank: 1, since: now, seq: 1 })
    expect(next([starving, urgent(74_999)], 74_999)).toBe(1)
    expect(next([starving, urgent(75_000)], 75_000)).toBe(0)
  })

  it('a claim that no other one beats', () => {
    fc.assert(
      fc.property(fc.array(anyClaim, { minLength: 1, maxLength: 20 }), (claims) => {
        const chosen = claims[next(claims)] as Claim
        for (const other of claims) expect(compareClaims(chosen, other, NOW, AGING)).toBeLessThanOrEqual(0)
      }),
    )
  })
})

describe('the order of claims', () => {
  it('is a total order: antisymmetric and transitive', () => {
    fc.assert(
      fc.property(anyClaim, anyClaim, anyClaim, (a, b, c) => {
        const sign = (x: Claim, y: Claim) => Math.sign(compareClaims(x, y, NOW, AGING))
        expect(sign(a, b) + sign(b, a)).toBe(0)
        if (sign(a, b) <= 0 && sign(b, c) <= 0) expect(sign(a, c)).toBeLessThanOrEqual(0)
      }),
    )
  })
})
