import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Bound } from '../../src/contract/budget.ts'
import { finished, newTenant, note, T0 } from './store-samples.ts'
import { kinds, type Subject } from './store-subjects.ts'

const DAY = '2026-11-21'
const bound = (tenant: string, caller: string | null, limit: number): Bound => ({
  account: { tenant, caller, day: DAY },
  limit,
})

describe.each(kinds)('spending in $name', ({ open }) => {
  let subject: Subject
  beforeAll(async () => {
    subject = await open()
  })
  afterAll(() => subject?.close())

  test('is set aside in every account or in none', async () => {
    const { store } = subject
    const tenant = newTenant()
    const bounds = [bound(tenant, null, 100), bound(tenant, 'anna', 50)]
    expect(await store.reserveSpending(tenant, bounds, 40)).toBe(true)
    expect(await store.reserveSpending(tenant, bounds, 20)).toBe(false)
    expect(await store.reserveSpending(tenant, bounds, 101)).toBe(false)
    expect(await store.spendingOn(tenant, DAY)).toEqual([
      { caller: '', spent: 0, aside: 40 },
      { caller: 'anna', spent: 0, aside: 40 },
    ])
    await store.settleSpending(tenant, bounds, 40, 7)
    expect(await store.reserveSpending(tenant, bounds, 43)).toBe(true)
    expect(await store.spendingOn(tenant, DAY)).toEqual([
      { caller: '', spent: 7, aside: 43 },
      { caller: 'anna', spent: 7, aside: 43 },
    ])
  })

  test('of one tenant or day is not that of another', async () => {
    const { store } = subject
    const [one, other] = [newTenant(), newTenant()]
    await store.reserveSpending(one, [bound(one, null, 100)], 100)
    expect(await store.reserveSpending(other, [bound(other, null, 100)], 100)).toBe(true)
    expect(await store.spendingOn(other, '2026-11-22')).toEqual([])
  })

  test('is never more than an account holds, however many ask at once', async () => {
    const { store } = subject
    const tenant = newTenant()
    const bounds = [bound(tenant, null, 1000), bound(tenant, 'anna', 700)]
    const amounts = Array.from({ length: 200 }, (_, index) => 1 + ((index * 37) % 50))
    const granted = await Promise.all(amounts.map((amount) => store.reserveSpending(tenant, bounds, amount)))
    const sum = amounts.reduce((total, amount, index) => total + (granted[index] ? amount : 0), 0)
    expect(sum).toBeLessThanOrEqual(700)
    // The largest that was refused would not have fitted.
    expect(sum).toBeGreaterThan(650)
    expect(await store.spendingOn(tenant, DAY)).toEqual([
      { caller: '', spent: 0, aside: sum },
      { caller: 'anna', spent: 0, aside: sum },
    ])
  })

  test('is forgotten with the runs of its day', async () => {
    const { store } = subject
    const tenant = newTenant()
    const on = (day: string): Bound => ({ account: { tenant, caller: null, day }, limit: 100 })
    await store.reserveSpending(tenant, [on('2001-01-01')], 1)
    await store.reserveSpending(tenant, [on(DAY)], 1)
    await finished(store, tenant, Date.parse('2001-01-01T12:00:00Z'))
    await store.deleteFinished(T0, 100, () => note('runs.delete'))
    expect(await store.spendingOn(tenant, '2001-01-01')).toEqual([])
    expect(await store.spendingOn(tenant, DAY)).toHaveLength(1)
  })
})
