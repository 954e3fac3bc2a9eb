import { expect, it } from 'vitest'
import type { Bound } from '../../../src/contract/budget.ts'
import { MemoryLedger } from '../../../src/routing/budget/memory-ledger.ts'
import type { SpendingLedger, Unpayable } from '../../../src/routing/budget/port.ts'
import { RunPurse } from '../../../src/routing/budget/purse.ts'

const DAY = '2026-12-31'
const bound = (caller: string | null, dollars: number): Bound => ({
  account: { tenant: 'ward', caller, day: DAY },
  limit: dollars * 1e9,
})

/** Why a call of 10 dollars is not sent. */
async function refusal(parts: { per_run?: number; bounds?: Bound[]; ledger?: SpendingLedger; spent?: number }) {
  const faults: unknown[] = []
  const purse = new RunPurse({
    per_run: Number.POSITIVE_INFINITY,
    bounds: [],
    ledger: new MemoryLedger(),
    ...parts,
    priceOf: () => ({ input: 0, output: 1_000_000 }),
    onFault: (error) => faults.push(error),
  })
  const told: Unpayable[] = []
  const hold = await purse.reserve(
    'cloud',
    () => ({ prompt_bytes: 1, max_tokens: 10, seconds: 1 }),
    (why) => {
      told.push(why)
    },
  )
  return { hold, told, faults: faults.length }
}

const CALL = 'The call could cost up to 10 US dollars'

it('a call that can be paid is refused nowhere', async () => {
  expect((await refusal({ bounds: [bound(null, 10)] })).told).toEqual([])
})

it('the bound of a run names itself', async () => {
  const { hold, told } = await refusal({ per_run: 12.5, spent: 3 })
  expect([hold, told]).toEqual([
    null,
    [{ message: `${CALL}, more than is left of the 12.5 that one run may cost (per_run).` }],
  ])
})

it('of several accounts that is named which lacks it, with the day on which it is free again', async () => {
  const ledger = new MemoryLedger()
  await ledger.reserve([bound('anna', 15)], 6e9)
  const { told } = await refusal({ ledger, bounds: [bound(null, 100), bound('anna', 15)] })
  expect(told).toEqual([
    {
      message: `${CALL}, more than is left of the 15 that this caller may spend (per_caller_day) on ${DAY}. It is free again at 2027-01-01T00:00:00.000Z.`,
      free_at: '2027-01-01T00:00:00.000Z',
    },
  ])
})

it('what no day allows is free on no day', async () => {
  expect((await refusal({ bounds: [bound(null, 9)] })).told).toEqual([
    { message: `${CALL}, more than the 9 that this tenant may spend (per_tenant_day) on any day.` },
  ])
})

it('what another call gave back in between, and a ledger that does not answer, are said as that', async () => {
  const bounds = [bound(null, 20)]
  const nobodyLacks = { reserve: async () => false, lacking: async () => null, settle: async () => undefined }
  expect((await refusal({ ledger: nobodyLacks, bounds })).told[0]?.message).toContain('other calls held it')
  const silent = { ...nobodyLacks, reserve: () => Promise.reject(new Error('gone')) }
  const { hold, told, faults } = await refusal({ ledger: silent, bounds })
  expect([hold, faults, told[0]?.message]).toEqual([null, 1, expect.stringContaining('the store does not answer')])
})
