import type { Purse } from '../routing/budget/port.ts'
import type { Claimant } from './policy.ts'

/** For whom embeddings are made: what lanes and budgets want to know. */
export interface Asker {
  claimant: Claimant
  /** 0 to 5, 5 the most urgent. */
  priority: number
  /** Longest remaining path behind them, in ms; 0: nothing waits for them. */
  rank: number
  purse: Purse
}
