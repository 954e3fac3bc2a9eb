import type { Bound } from './contract/budget.ts'
import type { Accounts, SpendingLedger } from './routing/budget/port.ts'
import type { Store } from './store/port.ts'

/** Spending counted in the store: all replicas see the same, and a restart forgets nothing. All accounts of a call are one tenant's. */
export function ledgerOf(store: Store): SpendingLedger & Accounts {
  /** What each account has left, in the order of the bounds. */
  const lefts = async (bounds: readonly Bound[]): Promise<number[]> => {
    const [first] = bounds
    if (first === undefined) return []
    const rows = await store.spendingOn(first.account.tenant, first.account.day)
    return bounds.map(({ account, limit }) => {
      const { spent, aside } = rows.find(({ caller }) => caller === (account.caller ?? '')) ?? { spent: 0, aside: 0 }
      return limit - spent - aside
    })
  }
  return {
    reserve: async (bounds, amount) => {
      const [first] = bounds
      return first === undefined || (await store.reserveSpending(first.account.tenant, bounds, amount))
    },
    lacking: async (bounds, amount) => {
      const left = await lefts(bounds)
      return bounds.find((_, at) => amount > (left[at] as number)) ?? null
    },
    left: async (bounds) => Math.min(...(await lefts(bounds))),
    settle: async (bounds, amount, spent) => {
      const [first] = bounds
      if (first !== undefined) await store.settleSpending(first.account.tenant, bounds, amount, spent)
    },
  }
}
