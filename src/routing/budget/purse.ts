import type { Price } from '../../contract/model-card.ts'
import { actualCost, type CallSize, mostPromptTokens, type Usage, worstCost } from '../cost.ts'
import { BILLION, billionths, type Limits } from './limits.ts'
import type { CallBounds, Hold, Purse, SpendingLedger, Unpayable } from './port.ts'
import { type Shortfall, shortfallText } from './shortfall.ts'

/** A call that costs nothing. */
const FREE: Hold = Object.freeze({ worst: 0, settle: () => 0 })

export const isFree = (price: Price): boolean =>
  'gpu_second' in price ? price.gpu_second === 0 : price.input === 0 && price.output === 0

export interface PurseParts extends Limits {
  priceOf: (model: string) => Price
  ledger: SpendingLedger
  /** Who has set `per_run`. @default run, the roster */
  per_run_of?: 'request' | 'run'
  /** US dollars that the run has cost already; they stand in its accounts. @default 0 */
  spent?: number
  /** Hears that the ledger could not be asked, or that what a call has cost could not be booked: then that stays set aside at its worst. */
  onFault: (error: unknown) => void
}

/**
 * What one run may spend: its own bound, counted here, and those of its caller's accounts, in the ledger. What a call may cost
 * at most is set aside before it goes out, so that calls side by side cannot overspend together.
 */
export class RunPurse implements Purse {
  readonly #parts: PurseParts
  #spent: number
  #aside = 0

  constructor(parts: PurseParts) {
    this.#parts = parts
    this.#spent = parts.spent ?? 0
  }

  get spent(): number {
    return this.#spent
  }

  reserve(
    model: string,
    bounds: () => CallBounds,
    refused?: (why: Unpayable) => void,
    task?: { max_cost: number; taken: number },
  ): Hold | null | Promise<Hold | null> {
    const { per_run, per_run_of: account = 'run' } = this.#parts
    const price = this.#parts.priceOf(model)
    if (isFree(price)) return FREE
    const { prompt_bytes, max_tokens, seconds } = bounds()
    const most = { prompt_tokens: mostPromptTokens(prompt_bytes), max_tokens, seconds }
    const worst = worstCost(price, most)
    if (task !== undefined && task.taken + worst > task.max_cost) {
      refused?.(shortfallText({ account: 'task', worst, limit: task.max_cost }))
      return null
    }
    if (this.#spent + this.#aside + worst > per_run) {
      refused?.(shortfallText({ account, worst, limit: per_run }))
      return null
    }
    this.#aside += worst
    return this.#parts.bounds.length === 0 ? this.#hold(price, most, worst) : this.#ask(price, most, worst, refused)
  }

  async #ask(price: Price, most: CallSize, worst: number, refused?: (why: Unpayable) => void): Promise<Hold | null> {
    const { ledger, bounds, onFault } = this.#parts
    try {
      if (await ledger.reserve(bounds, billionths(worst))) return this.#hold(price, most, worst)
      if (refused) refused(shortfallText(await this.#shortfall(worst)))
    } catch (error) {
      onFault(error)
      refused?.(shortfallText({ account: 'unknown', worst }))
    }
    this.#aside -= worst
    return null
  }

  /** Which account it was, by what stands in them now. */
  async #shortfall(worst: number): Promise<Shortfall> {
    const amount = billionths(worst)
    const lacking = await this.#parts.ledger.lacking(this.#parts.bounds, amount)
    if (lacking === null) return { account: 'taken', worst }
    const { account, limit } = lacking
    const day = amount > limit ? null : account.day
    return { account: account.caller === null ? 'tenant' : 'caller', worst, limit: limit / BILLION, day }
  }

  #hold(price: Price, most: CallSize, worst: number): Hold {
    const settle = (usage: Usage | null): number => {
      const cost = usage === null ? 0 : actualCost(price, usage, most)
      this.#aside -= worst
      this.#spent += cost
      const { ledger, bounds, onFault } = this.#parts
      if (bounds.length > 0) ledger.settle(bounds, billionths(worst), billionths(cost)).catch(onFault)
      return cost
    }
    return { worst, settle }
  }
}
