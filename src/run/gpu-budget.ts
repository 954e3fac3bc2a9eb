import { type Claim, compareClaims } from './policy.ts'
import { TenantShares } from './tenants.ts'

export interface Head {
  claim: Claim
  class: number
}

/** A lane as its neighbours on the GPU see it. */
export interface Neighbour {
  readonly model: string
  /** Whether one more call may go out here. */
  readonly hasRoom: boolean
  /** The waiting call whose turn it is, and the class in which it competes now; null when none waits. */
  head: (now: number) => Head | null
  /** Gives it a permit. */
  serveHead: (now: number) => void
  /** Whether a claim that goes first goes before one here that asked for a much higher class. */
  isOvertakenBy: (claim: Claim) => boolean
}

/** What calls that wait for the same permits share. */
export class Turns {
  readonly tenants = new TenantShares()
  /** Permits that still go by the classes that callers asked for. */
  asked_left = 0
}

/** All lanes pinned to one GPU, and the optional cap on their calls together. */
export class GpuBudget {
  readonly id: number
  readonly max: number
  /** Calls that this process may have in flight here now: `max`, or its share while other replicas cannot be asked. */
  limit: number
  readonly lanes: Neighbour[] = []
  /** Of a GPU with a cap; without one its lanes have nothing to share. */
  readonly turns = new Turns()
  busy = 0
  /** Waits begun on all lanes here: first come, first served holds between neighbours too. */
  arrivals = 0
  #busySince = 0
  #busyMs = 0

  constructor(id: number, max: number = Number.POSITIVE_INFINITY) {
    this.id = id
    this.max = max
    this.limit = max
  }

  get capped(): boolean {
    return this.max !== Number.POSITIVE_INFINITY
  }

  take(): void {
    if (this.busy++ === 0) this.#busySince = performance.now()
  }

  give(): void {
    if (--this.busy === 0) this.#busyMs += performance.now() - this.#busySince
  }

  /** Gives freed permits to the waiting calls of all lanes here whose turn it is. */
  dispatch(): void {
    for (;;) {
      const now = performance.now()
      let next: Neighbour | null = null
      let best: Head | null = null
      for (const lane of this.lanes) {
        const head = lane.hasRoom ? lane.head(now) : null
        if (head === null) continue
        if (best !== null && compareClaims(head.claim, best.claim, head.class, best.class) >= 0) continue
        best = head
        next = lane
      }
      if (next === null) return
      next.serveHead(now)
    }
  }

  /** Time during which at least one call was in flight here, in ms since the start. */
  busyMs(): number {
    return this.#busyMs + (this.busy > 0 ? performance.now() - this.#busySince : 0)
  }
}
