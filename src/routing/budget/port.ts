import type { Bound } from '../../contract/budget.ts'
import type { Usage } from '../cost.ts'

export type { Usage } from '../cost.ts'

/** What is known of a call before it goes out. */
export interface CallBounds {
  prompt_bytes: number
  max_tokens: number
  /** Most that it may take. */
  seconds: number
}

/** Money set aside for one call. Amounts in US dollars. */
export interface Hold {
  /** Most that the call can cost. */
  readonly worst: number
  /** The call has ended, after which nothing of it is set aside any more. Null: it never went out. Returns what it has cost. */
  settle: (usage: Usage | null) => number
}

/** Why nothing was set aside for a call. */
export interface Unpayable {
  /** A sentence with the account and its amounts. */
  message: string
  /** ISO 8601; when the account has money again, where that is known. */
  free_at?: string
}

/** What one run may spend. */
export interface Purse {
  /** What its calls have cost so far. */
  readonly spent: number
  /** Sets aside what a call may cost at most, before it goes out. Null: that is not left, or the ledger cannot be asked; `refused` is told which. `task`: what its task allows itself, and has taken of that. Never rejects. */
  reserve: (
    model: string,
    bounds: () => CallBounds,
    refused?: (why: Unpayable) => void,
    task?: { max_cost: number; taken: number },
  ) => Hold | null | Promise<Hold | null>
}

/** What accounts hold, for whoever only wants to know. */
export interface Accounts {
  /** Billionths of a US dollar that are left in all of these accounts: below 0 where one is overdrawn. */
  left: (bounds: readonly Bound[]) => Promise<number>
}

/**
 * What was spent and what is set aside. Shared by all runs, and by all replicas where the store is. Amounts in billionths
 * of a US dollar.
 */
export interface SpendingLedger {
  /** Sets the amount aside in every account, or in none: false when one of them has not so much left. */
  reserve: (bounds: readonly Bound[], amount: number) => Promise<boolean>
  /** The first account that has not so much left now; null: all have. */
  lacking: (bounds: readonly Bound[], amount: number) => Promise<Bound | null>
  /** Gives back what was set aside, and books what was spent instead. */
  settle: (bounds: readonly Bound[], amount: number, spent: number) => Promise<void>
}
