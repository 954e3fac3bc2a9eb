import type { RosterBudgets } from './contract/budget.ts'
import type { ExecuteRequest } from './contract/execute.ts'
import type { Price } from './contract/model-card.ts'
import type { RunCaller } from './contract/service.ts'
import { AUTO } from './plan/agents.ts'
import type { Catalogue } from './plan/catalogue.ts'
import { BILLION, dayOf, limitsOf } from './routing/budget/limits.ts'
import type { Accounts } from './routing/budget/port.ts'
import { isFree } from './routing/budget/purse.ts'

export interface BudgetLeftParts {
  budgets: RosterBudgets
  prices: ReadonlyMap<string, Price>
  accounts: Accounts
  onFault: (error: unknown) => void
}

/** US dollars that one more run of this caller may spend by what its accounts hold now; null: nothing binds it. Never rejects. */
export type BudgetLeft = (caller: RunCaller) => Promise<number | null>

/**
 * Looks at accounts for a choice of models, so that none is chosen that could not be paid. Nothing is set aside: that is done at the
 * call. When nobody can say what is left the choice goes by the bound of a run alone.
 */
export function createBudgetLeft({ budgets, prices, accounts, onFault }: BudgetLeftParts): BudgetLeft {
  if ([...prices.values()].every(isFree)) return async () => null
  return async (caller) => {
    const { per_run, bounds } = limitsOf(budgets, caller, dayOf(Date.now()))
    let left = per_run
    try {
      if (bounds.length > 0) left = Math.min(left, (await accounts.left(bounds)) / BILLION)
    } catch (error) {
      onFault(error)
    }
    return left === Number.POSITIVE_INFINITY ? null : Math.max(0, left)
  }
}

/** Whether a request has a task whose model is chosen: for others nobody looks at accounts before their calls. */
export const isRouted = ({ workflow_type, custom_tasks }: ExecuteRequest, catalogue: Catalogue): boolean =>
  custom_tasks === undefined
    ? (catalogue.get(workflow_type)?.compiled.unrouted.length ?? 0) > 0
    : custom_tasks.some(({ agent_type, model }) => agent_type === AUTO && model === undefined)
