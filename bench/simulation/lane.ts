import { entry } from '../../src/run/entry.ts'
import { Turns } from '../../src/run/gpu-budget.ts'
import type { Claimant, Reading, RunTurn } from '../../src/run/policy.ts'
import type { Policy, SimClaim } from './policies.ts'

/** The lanes of one GPU, as src/run/gpu-budget.ts and src/run/lane.ts hold them, in virtual time. */
export class VirtualGpu {
  readonly max: number
  readonly lanes: VirtualLane[] = []
  readonly turns = new Turns()
  busy = 0
  arrivals = 0

  constructor(max: number) {
    this.max = max
  }

  get capped(): boolean {
    return this.max !== Number.POSITIVE_INFINITY
  }
}

/** A call that waits, with what to do when it gets its permit. */
export interface Waiting extends SimClaim {
  start: (now: number) => void
}

interface WaitingRun extends RunTurn {
  waiting: number
}

export type Call = Pick<Waiting, 'claimant' | 'priority' | 'rank' | 'work' | 'start'>

/** What src/run/lane.ts does, with a clock that is told and without cancellation or deadlines. */
export class VirtualLane {
  readonly gpu: VirtualGpu
  readonly #slots: number
  readonly #policy: Policy
  readonly #waiting: Waiting[] = []
  readonly #runs = new Map<Claimant, WaitingRun>()
  readonly #turns: Turns
  busy = 0

  constructor(slots: number, gpu: VirtualGpu, policy: Policy) {
    this.#slots = slots
    this.gpu = gpu
    this.#policy = policy
    this.#turns = gpu.capped ? gpu.turns : new Turns()
    gpu.lanes.push(this)
  }

  get hasRoom(): boolean {
    return this.busy < this.#slots && this.gpu.busy < this.gpu.max
  }

  /** Starts the call if a permit is free and nobody waits for it; else it waits. */
  acquire(call: Call, now: number): void {
    if (this.#waiting.length === 0 && this.hasRoom) {
      this.#take(call.claimant, call.work)
      call.start(now)
      return
    }
    const { claimant } = call
    const run = entry(this.#runs, claimant, () => ({ served_at: Number.NEGATIVE_INFINITY, waiting: 0 }))
    run.waiting++
    const tenant = this.#turns.tenants.enter(claimant.tenant)
    this.#waiting.push({ ...call, tenant, run, since: now, seq: this.gpu.arrivals++ })
  }

  /** Gives the permit of a call back that took `took` ms, and freed permits to those who wait. */
  release({ claimant, work }: Pick<Call, 'claimant' | 'work'>, took: number, now: number): void {
    this.busy--
    this.gpu.busy--
    claimant.given += Math.max(0, took - work)
    this.#turns.tenants.correct(claimant.tenant, took - work)
    this.#dispatch(now)
  }

  #dispatch(now: number): void {
    if (!this.gpu.capped) {
      while (this.hasRoom && this.#waiting.length > 0) this.#serveNext(now)
      return
    }
    for (;;) {
      let next: VirtualLane | null = null
      let best: { claim: Waiting; class: number } | null = null
      for (const lane of this.gpu.lanes) {
        const head = lane.hasRoom ? lane.#head(now) : null
        if (head === null) continue
        if (best !== null && this.#policy.compare(head.claim, best.claim, head.class, best.class) >= 0) continue
        best = head
        next = lane
      }
      if (next === null) return
      next.#serveNext(now)
    }
  }

  #take(claimant: Claimant, work: number): void {
    this.busy++
    this.gpu.busy++
    claimant.given += work
  }

  get #reading(): Reading {
    return this.#turns.asked_left > 0 ? 'asked' : 'aged'
  }

  #choose(now: number): number {
    return this.#policy.choose(this.#waiting, now, this.#reading)
  }

  #head(now: number): { claim: Waiting; class: number } | null {
    const claim = this.#waiting[this.#choose(now)]
    return claim === undefined ? null : { claim, class: this.#policy.classOf(claim, now, this.#reading) }
  }

  #serveNext(now: number): void {
    const [next] = this.#waiting.splice(this.#choose(now), 1) as [Waiting]
    const lanes = this.gpu.capped ? this.gpu.lanes : [this]
    if (this.#turns.asked_left > 0) this.#turns.asked_left--
    else if (lanes.some((lane) => this.#policy.overtakes(next, lane.#waiting)))
      this.#turns.asked_left = this.#policy.asked_after_aged
    this.#take(next.claimant, next.work)
    this.#turns.tenants.serve(next.tenant, next.work)
    this.#turns.tenants.leave(next.claimant.tenant)
    const run = this.#runs.get(next.claimant) as WaitingRun
    run.served_at = now
    if (--run.waiting === 0) this.#runs.delete(next.claimant)
    next.start(now)
  }
}
