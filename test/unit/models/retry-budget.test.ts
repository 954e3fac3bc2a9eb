import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Failure } from '../../../src/models/port.ts'
import { createRetryPolicy } from '../../../src/models/retry.ts'
import { type BudgetOptions, RetryBudget, withinBudget } from '../../../src/models/retry-budget.ts'

const FAILURE: Failure = {
  ok: false,
  code: 'upstream_error',
  message: '',
  transient: true,
  retry_after_ms: null,
  latency_ms: 0,
}

function budgetAt(options: BudgetOptions = {}) {
  const clock = { now: 0 }
  return { clock, budget: new RetryBudget({ now: () => clock.now, ...options }) }
}

const spendAll = (budget: RetryBudget): number => {
  let spent = 0
  while (budget.spend()) spent++
  return spent
}

describe('the retry budget of a server', () => {
  it('begins with its reserve', () => {
    const { budget } = budgetAt()
    expect([budget.balance, spendAll(budget), budget.balance]).toEqual([3, 3, 0])
  })

  it('allows no part of a retry, and loses none of what is earned', () => {
    const { budget } = budgetAt({ ratio: 0.25 })
    spendAll(budget)
    for (let call = 0; call < 3; call++) budget.earn()
    expect(budget.spend()).toBe(false)
    budget.earn()
    expect([budget.spend(), budget.spend()]).toEqual([true, false])
  })

  it('saves up to its most and no further', () => {
    const { budget } = budgetAt()
    for (let call = 0; call < 1000; call++) budget.earn()
    expect([budget.balance, spendAll(budget)]).toEqual([8, 8])
  })

  it('gets its reserve back while nobody calls, and no more than that', () => {
    const { budget, clock } = budgetAt()
    spendAll(budget)
    clock.now = 2999
    expect(budget.spend()).toBe(false)
    clock.now = 3000
    expect([budget.spend(), budget.spend()]).toEqual([true, false])
    clock.now = 1_000_000
    expect(spendAll(budget)).toBe(3)
  })

  it('loses nothing by idling that it has saved beyond the reserve', () => {
    const { budget, clock } = budgetAt()
    for (let call = 0; call < 1000; call++) budget.earn()
    clock.now = 1_000_000
    expect(budget.balance).toBe(8)
  })

  it('never falls below 0 or rises above its most', () => {
    const step = fc.record({ kind: fc.constantFrom('earn', 'spend'), ms: fc.nat({ max: 10_000 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { budget, clock } = budgetAt()
        for (const { kind, ms } of steps) {
          clock.now += ms
          if (kind === 'earn') budget.earn()
          else budget.spend()
          expect(budget.balance).toBeGreaterThanOrEqual(0)
          expect(budget.balance).toBeLessThanOrEqual(8)
        }
      }),
    )
  })
})

describe('retries within a budget', () => {
  /** A generator of 0 to 1 (mulberry32), so that a failing seed can be run again. */
  function randomOf(seed: number): () => number {
    let state = seed
    return () => {
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
    }
  }

  /** Calls that so many tasks make, one after the other, when every second call fails. */
  function callsOf(tasks: number, seed: number, gap_ms: number): number {
    const random = randomOf(seed)
    let now = 0
    const retries = withinBudget(createRetryPolicy({ random }), undefined, { now: () => now })
    let calls = 0
    for (let task = 0; task < tasks; task++) {
      now += gap_ms
      retries.sent('m')
      calls++
      for (let tries = 1; random() < 0.5; tries++) {
        if (retries.ask({ model: 'm', failure: FAILURE, tries, remaining_ms: 60_000 }) === null) break
        calls++
      }
    }
    return calls
  }

  it('hold the calls of 1,000 tasks under 1.2 times as many when half of them fail, however fast they come', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 2999 }), (seed, gap_ms) => {
        const calls = callsOf(1000, seed, gap_ms)
        expect(calls).toBeLessThanOrEqual(1.2 * 1000)
        expect(calls).toBeGreaterThan(1.1 * 1000)
      }),
    )
  })

  it('are free to a quiet service', () => {
    // Without any budget, half of the tasks ask twice and a quarter of them three times.
    expect(callsOf(1000, 7, 10_000)).toBeGreaterThan(1.6 * 1000)
  })

  it('are counted for each server by itself', () => {
    const retries = withinBudget(createRetryPolicy(), undefined, { now: () => 0, reserve: 1 })
    const ask = (model: string) => retries.ask({ model, failure: FAILURE, tries: 1, remaining_ms: 60_000 }) !== null
    expect([ask('m'), ask('m'), ask('n'), ask('n')]).toEqual([true, false, true, false])
  })

  it('cost nothing when the policy does not want one, and tell of each one that it wanted, not of second calls', () => {
    const heard: [string, boolean][] = []
    const retries = withinBudget(createRetryPolicy(), (...told) => heard.push(told), { now: () => 0, reserve: 1 })
    const ask = (failure: Partial<Failure>) =>
      retries.ask({ model: 'm', failure: { ...FAILURE, ...failure }, tries: 1, remaining_ms: 60_000 })
    expect(ask({ transient: false })).toBe(null)
    expect(ask({ retry_after_ms: 60_000 })).toBe(null)
    expect(ask({ retry_after_ms: 500 })).toBe(500)
    expect(ask({ retry_after_ms: 500 })).toBe(null)
    expect(retries.allow('m')).toBe(false)
    expect(heard).toEqual([
      ['m', true],
      ['m', false],
    ])
  })
})
