import type { SpendingLedger } from './routing/budget/port.ts'
import type { Store } from './store/port.ts'

/** Spending counted in the store: all replicas see the same, and a restart forgets nothing. All accounts of a call are one tenant's. */
export function ledgerOf(store: Store): SpendingLedger {
  return {
    reserve: async (bounds, amount) => {
      const [first] = bounds
      return first === undefined || (await store.reserveSpending(first.account.tenant, bounds, amount))
    },
    settle: async (bounds, amount, spent) => {
      const [first] = bounds
      if (first !== undefined) await store.settleSpending(first.account.tenant, bounds, amount, spent)
    },
  }
}
