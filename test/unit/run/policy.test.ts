import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Claim,
  type Claimant,
  chooseNext,
  compareClaims,
  dueAt,
  effectiveClass,
  overtakes,
  type Reading,
} from '../../../src/run/policy.ts'

const run = (own: Partial<Claimant> = {}): Claimant => ({ tenant: 't', start: 0, path: 0, given: 0, ...own })
const claim = (own: Partial<Claim> = {}): Claim => ({
  tenant: { used: 0 },
  run: { served_at: Number.NEGATIVE_INFINITY },
  claimant: run(),
  priority: 0,
  rank: 0,
  since: 0,
  seq: 0,
  ...own,
})
const anyClaim = fc.record({
  tenant: fc.record({ used: fc.integer({ min: 0, max: 1 }) }),
  run: fc.record({ served_at: fc.integer({ min: 0, max: 60_000 }) }),
  claimant: fc.record({
    tenant: fc.constant('t'),
    start: fc.integer({ min: 0, max: 60_000 }),
    path: fc.integer({ min: 0, max: 10 }),
    given: fc.integer({ min: 0, max: 20 }),
  }),
  priority: fc.integer({ min: 0, max: 5 }),
  rank: fc.integer({ min: 0, max: 3 }),
  since: fc.integer({ min: 0, max: 60_000 }),
  seq: fc.nat(),
})
const order = (a: Claim, b: Claim) => compareClaims(a, b, effectiveClass(a, NOW, AGING), effectiveClass(b, NOW, AGING))
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

  it('counts from the last permit of its run where that is later: what is served does not starve', () => {
    const served = claim({ run: { served_at: 20_000 } })
    expect(effectiveClass(served, 34_999, AGING)).toBe(0)
    expect(effectiveClass(served, 35_000, AGING)).toBe(1)
  })

  it('never passes 5', () => {
    expect(effectiveClass(claim({ priority: 5 }), 15_000, AGING)).toBe(5)
  })
})

describe('of several claims the next permit goes to', () => {
  const next = (claims: Claim[], now = NOW, reading: Reading = 'aged') => chooseNext(claims, now, AGING, reading)

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
    const urgent = (now: number) => claim({ claimant: run({ start: now }), priority: 5, rank: 1, since: now, seq: 1 })
    expect(next([starving, urgent(74_999)], 74_999)).toBe(1)
    expect(next([starving, urgent(75_000)], 75_000)).toBe(0)
  })

  it('the tenant that had less of the GPU, however urgent the other one is', () => {
    const noisy = claim({ tenant: { used: 900 }, priority: 5 })
    expect(next([noisy, claim({ tenant: { used: 100 }, seq: 1 })])).toBe(1)
  })

  it('the run that came first, unless the later one has so much the longer path before it', () => {
    const early = claim({ claimant: run({ start: 1000 }), rank: 500 })
    const late = (rank: number) => claim({ claimant: run({ start: 3000 }), rank, seq: 1 })
    expect(next([early, late(2499)], 3000)).toBe(0)
    expect(next([early, late(2501)], 3000)).toBe(1)
  })

  it('a small run before what is left of a wide one that came first', () => {
    const wide = claim({ claimant: run({ path: 100, given: 575 }), rank: 100 })
    const small = (start: number) => claim({ claimant: run({ start, path: 100 }), rank: 100, since: start, seq: 1 })
    expect(next([wide, small(1899)], 5000)).toBe(1)
    expect(next([wide, small(1901)], 5000)).toBe(0)
  })

  it('never later for what a run was given along its longest path', () => {
    const begun = { rank: 400, claimant: run({ path: 1000, given: 600 }) }
    expect(dueAt(begun)).toBe(-400)
    expect(dueAt({ ...begun, claimant: run({ path: 1000, given: 1600 }) })).toBe(2000)
  })

  it('the one that asked for the higher class while classes are read as asked, however long others waited', () => {
    const old = claim({ since: 0 })
    const urgent = claim({ claimant: run({ start: NOW }), priority: 1, since: NOW, seq: 1 })
    expect(next([old, urgent], NOW, 'aged')).toBe(0)
    expect(next([old, urgent], NOW, 'asked')).toBe(1)
  })

  it('a claim that no other one beats', () => {
    fc.assert(
      fc.property(fc.array(anyClaim, { minLength: 1, maxLength: 20 }), (claims) => {
        const chosen = claims[next(claims)] as Claim
        for (const other of claims) expect(order(chosen, other)).toBeLessThanOrEqual(0)
      }),
    )
  })
})

describe('the order of claims', () => {
  it('is a total order: antisymmetric and transitive', () => {
    fc.assert(
      fc.property(anyClaim, anyClaim, anyClaim, (a, b, c) => {
        const sign = (x: Claim, y: Claim) => Math.sign(order(x, y))
        expect(sign(a, b) + sign(b, a)).toBe(0)
        if (sign(a, b) <= 0 && sign(b, c) <= 0) expect(sign(a, c)).toBeLessThanOrEqual(0)
      }),
    )
  })
})

describe('a claim that got its permit', () => {
  const tenant = { used: 0 }
  it.each([
    ['has overtaken one of its tenant that asked for a class far above', 0, 2, true],
    ['has overtaken nobody of the next class: that is what aging is for', 0, 1, false],
    ['has overtaken nobody of the same class', 1, 1, false],
    ['has overtaken nobody of a lower class', 2, 1, false],
  ])('%s', (_, own, waiting, expected) => {
    expect(overtakes(claim({ tenant, priority: own }), [claim({ tenant, priority: waiting })])).toBe(expected)
  })

  it('has not overtaken those of another tenant: their turn is a matter of shares', () => {
    expect(overtakes(claim({ tenant }), [claim({ priority: 5 })])).toBe(false)
  })
})
