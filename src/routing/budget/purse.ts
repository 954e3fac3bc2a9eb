import type { Price } from '../../contract/model-card.ts'
import { actualCost, type CallSize, mostPromptTokens, type Usage, worstCost } from '../cost.ts'
import { billionths, type Limits } from './limits.ts'
import type { CallBounds, Hold, Purse, SpendingLedger } from './port.ts'

/** A call that costs nothing. */
const FREE: Hold = Object.freeze({ worst: 0, settle: () => 0 })

export const isFree = (price: Price): boolean =>
  'gpu_second' in price ? price.gpu_second === 0 : price.input === 0 && price.output === 0

export interface PurseParts extends Limits {
  priceOf: (model: string) => Price
  ledger: SpendingLedger
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

  reserve(model: string, bounds: () => CallBounds): Hold | null | Promise<Hold | null> {
    const price = this.#parts.priceOf(model)
    if (isFree(price)) return FREE
    const { prompt_bytes, max_tokens, seconds } = bounds()
    const most = { prompt_tokens: mostPromptTokens(prompt_bytes), max_tokens, seconds }
    const worst = worstCost(price, most)
    if (this.#spent + this.#aside + worst > this.#parts.per_run) return null
    this.#aside += worst
    return this.#parts.bounds.length === 0 ? this.#hold(price, most, worst) : this.#ask(price, most, worst)
  }

  async #ask(price: Price, most: CallSize, worst: number): Promise<Hold | null> {
    const { ledger, bounds, onFault } = this.#parts
    const granted = await ledger.reserve(bounds, billionths(worst)).catch((error: unknown) => {
      onFault(error)
      return false
    })
    if (granted) return this.#hold(price, most, worst)
    this.#aside -= worst
    return null
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
