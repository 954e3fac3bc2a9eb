import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { Price } from '../../../src/contract/model-card.ts'
import { dayOf, limitsOf } from '../../../src/routing/budget/limits.ts'
import { MemoryLedger } from '../../../src/routing/budget/memory-ledger.ts'
import type { Hold, SpendingLedger } from '../../../src/routing/budget/port.ts'
import { RunPurse } from '../../../src/routing/budget/purse.ts'

const DAY = '2026-11-21'
const PRICES: Record<string, Price> = {
  local: { input: 0, output: 0 },
  cloud: { input: 1_000_000, output: 2_000_000 },
  gpu: { gpu_second: 0.5 },
}
const fail = (error: unknown) => {
  throw error
}

interface Own {
  per_run?: number
  per_tenant_day?: number
  per_caller_day?: number
  ledger?: SpendingLedger
  subject?: string
  onFault?: (error: unknown) => void
}

/** A purse in which one token read costs 1 and one written 2. */
function purse({ ledger = new MemoryLedger(), subject = 'nurse', onFault = fail, ...budgets }: Own = {}) {
  const limits = limitsOf(budgets, { tenant: 'ward', subject }, DAY)
  return new RunPurse({ ...limits, priceOf: (model) => PRICES[model] as Price, ledger, onFault })
}

/** A prompt of no bytes: 64 tokens of a template, and so many written. */
const call =
  (max_tokens: number, seconds = 1) =>
  () => ({ prompt_bytes: 0, max_tokens, seconds })
const used = (completion_tokens: number | null, prompt_tokens: number | null = 0) => ({
  prompt_tokens,
  completion_tokens,
  seconds: 1,
})

describe('a ledger in memory', () => {
  const on = (day: string) => [{ account: { tenant: 'ward', caller: null, day }, limit: 10 }]
  it('keeps the account of yesterday for runs that began before midnight, and forgets older ones', async () => {
    const ledger = new MemoryLedger()
    for (const day of ['2026-02-28', '2026-03-01', '2026-03-02']) expect(await ledger.reserve(on(day), 10)).toBe(true)
    expect(await ledger.reserve(on('2026-03-01'), 1)).toBe(false)
    expect(await ledger.reserve(on('2026-03-02'), 1)).toBe(false)
    expect(await ledger.reserve(on('2026-02-28'), 1)).toBe(true)
  })
})

describe('a run that is taken up again', () => {
  it('has what it spent before against its own bound', () => {
    const limits = limitsOf({ per_run: 100 }, { tenant: 'ward', subject: 'nurse' }, DAY)
    const parts = { ...limits, priceOf: () => PRICES.cloud as Price, ledger: new MemoryLedger(), onFault: fail }
    // 64 of the template, and 2 for each of 18 tokens.
    expect(new RunPurse({ ...parts, spent: 1 }).reserve('cloud', call(18))).toBeNull()
    expect(new RunPurse({ ...parts, spent: 0 }).reserve('cloud', call(18))).not.toBeNull()
    expect(new RunPurse({ ...parts, spent: 7 }).spent).toBe(7)
  })
})

describe('the purse of a run', () => {
  it('asks nobody where a model costs nothing', () => {
    const own = purse({ per_run: 0, per_tenant_day: 0, ledger: { reserve: fail, settle: fail } as never })
    expect(own.reserve('local', () => fail(new Error('asked for its size')))).toMatchObject({ worst: 0 })
  })

  it('sets aside the worst and books what was used', () => {
    const own = purse()
    const hold = own.reserve('cloud', call(10)) as Hold
    expect(hold.worst).toBe(64 + 20)
    expect([hold.settle(used(3, 5)), own.spent]).toEqual([11, 11])
  })

  it('counts what a server does not tell with the most that was possible', () => {
    const hold = purse().reserve('cloud', call(10)) as Hold
    expect(hold.settle(used(null, null))).toBe(hold.worst)
  })

  it('counts seconds of a GPU where these have the price', () => {
    const hold = purse().reserve('gpu', call(10, 8)) as Hold
    expect([hold.worst, hold.settle(used(3))]).toEqual([4, 0.5])
  })

  it('turns away what the run could not pay, with what is still in flight', () => {
    const own = purse({ per_run: 200 })
    const first = own.reserve('cloud', call(10)) as Hold
    const second = own.reserve('cloud', call(10)) as Hold
    expect(own.reserve('cloud', call(10))).toBeNull()
    first.settle(null)
    expect(own.reserve('cloud', call(10))).not.toBeNull()
    second.settle(used(0))
  })

  it('says that nothing is left, and why it could not know, when the ledger fails', async () => {
    const faults: unknown[] = []
    const broken = { reserve: () => Promise.reject(new Error('away')), settle: fail } as never
    const own = purse({ per_tenant_day: 1000, ledger: broken, onFault: (error) => faults.push(error) })
    expect(await own.reserve('cloud', call(1))).toBeNull()
    expect(faults).toEqual([new Error('away')])
    expect(await purse({ per_run: 100 }).reserve('cloud', call(1))).not.toBeNull()
  })
})

describe('limits', () => {
  it('of a tenant of its own go before the common ones, one by one', () => {
    const budgets = { per_run: 1, per_tenant_day: 2, tenants: { ward: { per_tenant_day: 3 } } }
    expect(limitsOf(budgets, { tenant: 'ward', subject: 's' }, DAY)).toEqual({
      per_run: 1,
      bounds: [{ account: { tenant: 'ward', caller: null, day: DAY }, limit: 3e9 }],
    })
    expect(limitsOf(budgets, { tenant: 'toString', subject: 's' }, DAY).bounds[0]?.limit).toBe(2e9)
  })

  it('begin anew with each day of UTC', () => {
    expect(dayOf(Date.parse('2026-11-21T23:59:59.999Z'))).toBe('2026-11-21')
    expect(dayOf(Date.parse('2026-11-22T00:00:00Z'))).toBe('2026-11-22')
  })
})

test('10,000 requests side by side never spend more than a budget holds, whatever they use and however they end', async () => {
  const request = fc.record({
    subject: fc.constantFrom('anna', 'ben'),
    max_tokens: fc.integer({ min: 1, max: 400 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    turns: fc.integer({ min: 0, max: 3 }),
    end: fc.constantFrom('used', 'untold', 'unsent'),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: 10_000, maxLength: 10_000 }),
      fc.integer({ min: 0, max: 60_000 }),
      fc.integer({ min: 0, max: 40_000 }),
      async (requests, per_tenant_day, per_caller_day) => {
        const kept = new MemoryLedger()
        let aside = 0
        let spent = 0
        let most = 0
        const ledger: SpendingLedger = {
          reserve: async (bounds, amount) => {
            await turn()
            const granted = await kept.reserve(bounds, amount)
            if (granted) aside += amount
            most = Math.max(most, aside + spent)
            return granted
          },
          lacking: (bounds, amount) => kept.lacking(bounds, amount),
          settle: async (bounds, amount, booked) => {
            aside -= amount
            spent += booked
            await kept.settle(bounds, amount, booked)
          },
        }
        const byCaller = new Map<string, number>()
        await Promise.all(
          requests.map(async ({ subject, max_tokens, share, turns, end }) => {
            const own = purse({ per_tenant_day, per_caller_day, ledger, subject })
            const hold = await own.reserve('cloud', call(max_tokens))
            if (hold === null) return
            for (let at = 0; at < turns; at++) await turn()
            const usage = end === 'untold' ? used(null, null) : used(Math.floor(max_tokens * share), 64)
            const cost = hold.settle(end === 'unsent' ? null : usage)
            byCaller.set(subject, (byCaller.get(subject) ?? 0) + cost)
          }),
        )
        expect(most).toBeLessThanOrEqual(per_tenant_day * 1e9)
        for (const cost of byCaller.values()) expect(cost).toBeLessThanOrEqual(per_caller_day)
        expect(aside).toBe(0)
      },
    ),
    { numRuns: 3 },
  )
})
