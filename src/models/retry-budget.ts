import type { Retries } from './port.ts'
import type { RetryPolicy } from './retry.ts'

export interface BudgetOptions {
  /** Retries earned by each first call. @default 0.15 */
  ratio?: number
  /** Retries that there are at the start, and that idle time gives back. @default 3 */
  reserve?: number
  /** Most retries that can be saved up. @default 8 */
  most?: number
  /** Time without any call after which the reserve has one more, in ms: under load a clock would earn more than the calls do. @default 3000 */
  refill_ms?: number
  /** In ms. @default performance.now */
  now?: () => number
}

/**
 * What retries may cost one server, over all tasks: a share of the first calls, so that a server in trouble gets at most a
 * fifth more than it was asked for, and a small reserve, so that a quiet service can retry too.
 */
export class RetryBudget {
  readonly #options: Required<BudgetOptions>
  #balance: number
  #refilledAt: number

  constructor(options: BudgetOptions = {}) {
    this.#options = { ratio: 0.15, reserve: 3, most: 8, refill_ms: 3000, now: () => performance.now(), ...options }
    this.#balance = this.#options.reserve
    this.#refilledAt = this.#options.now()
  }

  /** Retries that it would allow now; not always whole. */
  get balance(): number {
    const { reserve, refill_ms, now } = this.#options
    const earned = Math.floor((now() - this.#refilledAt) / refill_ms)
    return Math.max(this.#balance, Math.min(reserve, this.#balance + earned))
  }

  /** A task's first call to the server was sent. */
  earn(): void {
    const { ratio, most } = this.#options
    this.#set(Math.min(most, this.balance + ratio))
  }

  /** Takes one retry if there is one. */
  spend(): boolean {
    const { balance } = this
    if (balance < 1) return false
    this.#set(balance - 1)
    return true
  }

  #set(balance: number): void {
    this.#balance = balance
    this.#refilledAt = this.#options.now()
  }
}

/** A retry policy within one budget per server. `heard` is told of each that was wanted of `ask` and whether it may be. */
export function withinBudget(
  policy: RetryPolicy,
  heard: (model: string, allowed: boolean) => void = () => undefined,
  options: BudgetOptions = {},
): Retries {
  const budgets = new Map<string, RetryBudget>()
  const budgetOf = (model: string): RetryBudget => {
    const known = budgets.get(model)
    if (known !== undefined) return known
    const made = new RetryBudget(options)
    budgets.set(model, made)
    return made
  }
  return {
    sent: (model) => budgetOf(model).earn(),
    allow: (model) => budgetOf(model).spend(),
    ask: (question) => {
      const delay = policy(question)
      if (delay === null) return null
      const allowed = budgetOf(question.model).spend()
      heard(question.model, allowed)
      return allowed ? delay : null
    },
  }
}
