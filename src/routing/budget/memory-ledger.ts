import type { Account, Bound } from '../../contract/budget.ts'
import { dayOf } from './limits.ts'
import type { Accounts, SpendingLedger } from './port.ts'

const DAY_MS = 86_400_000

interface Standing {
  spent: number
  aside: number
}

const keyOf = ({ tenant, caller, day }: Account): string => JSON.stringify([day, tenant, caller])

/** A ledger for one process that forgets with it. For the library, which has no store. */
export class MemoryLedger implements SpendingLedger, Accounts {
  readonly #accounts = new Map<string, Standing>()
  #day = ''

  async reserve(bounds: readonly Bound[], amount: number): Promise<boolean> {
    if (this.#lacking(bounds, amount) !== null) return false
    for (const { account } of bounds) this.#standing(account).aside += amount
    return true
  }

  async lacking(bounds: readonly Bound[], amount: number): Promise<Bound | null> {
    return this.#lacking(bounds, amount)
  }

  async left(bounds: readonly Bound[]): Promise<number> {
    const lefts = bounds.map(({ account, limit }) => {
      const { spent, aside } = this.#standing(account)
      return limit - spent - aside
    })
    return Math.min(...lefts)
  }

  #lacking(bounds: readonly Bound[], amount: number): Bound | null {
    const lacks = ({ account, limit }: Bound): boolean => {
      const { spent, aside } = this.#standing(account)
      return spent + aside + amount > limit
    }
    return bounds.find(lacks) ?? null
  }

  async settle(bounds: readonly Bound[], amount: number, spent: number): Promise<void> {
    for (const { account } of bounds) {
      const standing = this.#standing(account)
      standing.aside -= amount
      standing.spent += spent
    }
  }

  #standing(account: Account): Standing {
    // Yesterday's accounts still bind runs that began before midnight; older ones bind nobody.
    if (account.day > this.#day) {
      this.#day = account.day
      const yesterday = dayOf(Date.parse(account.day) - DAY_MS)
      for (const key of this.#accounts.keys()) if (JSON.parse(key)[0] < yesterday) this.#accounts.delete(key)
    }
    const key = keyOf(account)
    const known = this.#accounts.get(key) ?? { spent: 0, aside: 0 }
    this.#accounts.set(key, known)
    return known
  }
}
