import type { RosterBudgets } from './contract/budget.ts'
import type { Price } from './contract/model-card.ts'
import { dayOf, limitsOf } from './routing/budget/limits.ts'
import type { Purse, SpendingLedger } from './routing/budget/port.ts'
import { isFree, RunPurse } from './routing/budget/purse.ts'
import type { Workshop } from './run/workshop.ts'

export interface PursesParts {
  budgets: RosterBudgets
  prices: ReadonlyMap<string, Price>
  ledger: SpendingLedger
  onFault: (error: unknown) => void
}

/** Where nothing has a price: nothing is counted. */
const NOTHING_COSTS: Purse = Object.freeze({
  spent: 0,
  reserve: () => ({ worst: 0, settle: () => 0 }),
})

/** A purse for each run, bounded by its own `max_cost` and by the roster's budgets for its caller. */
export function createPurses({ budgets, prices, ledger, onFault }: PursesParts): Workshop['openPurse'] {
  if ([...prices.values()].every(isFree)) return () => NOTHING_COSTS
  const priceOf = (model: string): Price => prices.get(model) as Price
  return (caller, max_cost, spent) => {
    const { per_run, bounds } = limitsOf(budgets, caller, dayOf(Date.now()))
    const own = max_cost !== null && max_cost < per_run
    const limits = { per_run: own ? max_cost : per_run, per_run_of: own ? 'request' : 'run', bounds } as const
    return new RunPurse({ ...limits, spent, priceOf, ledger, onFault })
  }
}
