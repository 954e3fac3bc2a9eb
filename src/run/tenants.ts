import { entry } from './entry.ts'
import type { TenantTurn } from './policy.ts'

interface Share extends TenantTurn {
  waiting: number
}

/**
 * The shares of the tenants that wait for the same permits: start-time fair queueing, by GPU time rather than by calls,
 * because one tenant's calls may be a hundred times as long as another's. Permits that were free cost nobody anything.
 */
export class TenantShares {
  readonly #shares = new Map<string, Share>()
  /** Virtual time: what the tenant last served had used when it was served. Who comes now begins there. */
  #now = 0
  #waiting = 0

  /** The tenant's share, from the beginning of one of its waits to `leave`. */
  enter(tenant: string): TenantTurn {
    // Nobody waited: all begin even.
    if (this.#waiting === 0) this.#shares.clear()
    this.#waiting++
    const share = entry(this.#shares, tenant, () => ({ used: this.#now, waiting: 0 }))
    share.waiting++
    return share
  }

  /** A wait has ended, with a permit or without. What was charged is kept until the others have had as much. */
  leave(tenant: string): void {
    const share = this.#shares.get(tenant)
    if (share === undefined) return
    this.#waiting--
    if (--share.waiting === 0 && share.used <= this.#now) this.#shares.delete(tenant)
  }

  /** A waiting call got its permit: its expected work in ms is charged. */
  serve(turn: TenantTurn, work_ms: number): void {
    this.#now = Math.max(this.#now, turn.used)
    turn.used += work_ms
    for (const [tenant, { waiting, used }] of this.#shares)
      if (waiting === 0 && used <= this.#now) this.#shares.delete(tenant)
  }

  /** A call took longer than expected by this many ms. */
  correct(tenant: string, more_ms: number): void {
    if (this.#shares.size === 0 || more_ms <= 0) return
    const share = this.#shares.get(tenant)
    if (share !== undefined) share.used += more_ms
  }

  /** A call that was charged with so many ms was not sent after all: no GPU worked for it. */
  refund(tenant: string, work_ms: number): void {
    const share = this.#shares.get(tenant)
    if (share !== undefined) share.used -= work_ms
  }
}
