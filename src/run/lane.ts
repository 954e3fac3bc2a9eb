import { entry } from './entry.ts'
import { type GpuBudget, type Head, type Neighbour, Turns } from './gpu-budget.ts'
import type { Admission, AdmissionRequest, LanePort } from './lane-port.ts'
import {
  ASKED_AFTER_AGED,
  type Claim,
  type Claimant,
  chooseNext,
  classOf,
  overtakes,
  type Reading,
  type RunTurn,
} from './policy.ts'

interface Waiter extends Claim {
  request: AdmissionRequest
  settle: (admission: Admission) => void
}

interface WaitingRun extends RunTurn {
  waiting: number
}

/**
 * The admission queue in front of one model server: `slots` permits, given in the order of the lane policy.
 * A permit is held from `acquire` answering "granted" until `release`. Waiting ends by grant, cancellation or deadline;
 * a waiter that gave up never gets a permit.
 */
export class Lane implements Neighbour, LanePort {
  readonly model: string
  readonly gpu: GpuBudget
  busy = 0
  #slots: number
  readonly #agingMs: number
  readonly #turns: Turns
  readonly #waiting: Waiter[] = []
  readonly #runs = new Map<Claimant, WaitingRun>()
  /** Whose permits were charged to their tenants: those that had to be waited for. */
  readonly #charged = new WeakSet<object>()

  constructor(model: string, slots: number, gpu: GpuBudget, agingMs: number) {
    this.model = model
    this.#slots = slots
    this.gpu = gpu
    this.#turns = gpu.capped ? gpu.turns : new Turns()
    this.#agingMs = agingMs
    gpu.lanes.push(this)
  }

  get slots(): number {
    return this.#slots
  }

  get queued(): number {
    return this.#waiting.length
  }

  /** Whether a permit is free. */
  get hasRoom(): boolean {
    return this.busy < this.#slots && this.gpu.busy < this.gpu.limit
  }

  /**
   * Whether a tenant takes its share or more of a lane in which `most` or more calls wait. One with less may still come: a
   * noisy tenant fills a lane for itself.
   */
  isFullFor(tenant: string, most: number): boolean {
    if (this.queued < most) return false
    const tenants = new Set(this.#waiting.map(({ claimant }) => claimant.tenant)).add(tenant)
    const own = this.#waiting.filter(({ claimant }) => claimant.tenant === tenant).length
    return own >= most / tenants.size
  }

  /** Calls that can be in flight here at once. */
  get permits(): number {
    return Math.min(this.#slots, this.gpu.max)
  }

  /** The server turned out to have more slots, or fewer. Calls in flight are left to end. */
  resize(slots: number): void {
    this.#slots = slots
    this.#dispatch()
  }

  /** Answers at once when a permit is free, so that an idle lane costs no turn of the event loop. */
  acquire(request: AdmissionRequest): Admission | Promise<Admission> {
    if (request.cancel.cancelled) return 'cancelled'
    if (performance.now() >= request.deadline) return 'deadline'
    return this.tryTake(request) ? 'granted' : this.#wait(request)
  }

  /** Takes a permit if one is free and nobody waits for it; never waits. */
  tryTake({ claimant, work }: Pick<AdmissionRequest, 'claimant' | 'work'>): boolean {
    if (this.#waiting.length > 0 || !this.hasRoom) return false
    this.#take(claimant, work)
    return true
  }

  /** Gives the permit back, after `held_ms` of the call that it was given for, or of one that was not `sent` after all. */
  release(request: Pick<AdmissionRequest, 'claimant' | 'work'>, held_ms: number, sent = true): void {
    const { claimant, work } = request
    this.busy--
    this.gpu.give()
    // Or a wide run whose calls take longer than expected would keep its place before all that come later.
    claimant.given += sent ? Math.max(0, held_ms - work) : -work
    const charged = this.#charged.delete(request)
    if (sent) this.#turns.tenants.correct(claimant.tenant, held_ms - work)
    else if (charged) this.#turns.tenants.refund(claimant.tenant, work)
    this.#dispatch()
  }

  #take(claimant: Claimant, work: number): void {
    this.busy++
    this.gpu.take()
    claimant.given += work
  }

  #wait(request: AdmissionRequest): Promise<Admission> {
    return new Promise((resolve) => {
      const now = performance.now()
      const { claimant, priority, rank } = request
      const giveUp = (why: Admission) => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
        waiter.settle(why)
      }
      const timer = setTimeout(giveUp, Math.max(0, request.deadline - now), 'deadline')
      const forget = request.cancel.onCancel(() => giveUp('cancelled'))
      const waiter: Waiter = {
        request,
        claimant,
        tenant: this.#turns.tenants.enter(claimant.tenant),
        run: this.#enter(claimant),
        priority,
        rank,
        since: now,
        seq: this.gpu.arrivals++,
        settle: (admission) => {
          clearTimeout(timer)
          forget()
          this.#turns.tenants.leave(claimant.tenant)
          this.#leave(claimant)
          resolve(admission)
        },
      }
      this.#waiting.push(waiter)
    })
  }

  #enter(claimant: Claimant): RunTurn {
    const run = entry(this.#runs, claimant, () => ({ served_at: Number.NEGATIVE_INFINITY, waiting: 0 }))
    run.waiting++
    return run
  }

  #leave(claimant: Claimant): void {
    const run = this.#runs.get(claimant) as WaitingRun
    if (--run.waiting === 0) this.#runs.delete(claimant)
  }

  /** Gives freed permits away. With a GPU budget the freed one may belong to a neighbour's waiter. */
  #dispatch(): void {
    if (this.gpu.capped) {
      this.gpu.dispatch()
      return
    }
    while (this.hasRoom && this.#waiting.length > 0) this.serveHead(performance.now())
  }

  head(now: number): Head | null {
    const claim = this.#waiting[this.#choose(now)]
    return claim === undefined ? null : { claim, class: classOf(claim, now, this.#agingMs, this.#reading) }
  }

  get #reading(): Reading {
    return this.#turns.asked_left > 0 ? 'asked' : 'aged'
  }

  isOvertakenBy(claim: Claim): boolean {
    return overtakes(claim, this.#waiting)
  }

  #noteTurn(served: Claim): void {
    if (this.#turns.asked_left > 0) this.#turns.asked_left--
    else if ((this.gpu.capped ? this.gpu.lanes : [this]).some((lane) => lane.isOvertakenBy(served)))
      this.#turns.asked_left = ASKED_AFTER_AGED
  }

  #choose(now: number): number {
    return chooseNext(this.#waiting, now, this.#agingMs, this.#reading)
  }

  serveHead(now: number): void {
    const [waiter] = this.#waiting.splice(this.#choose(now), 1)
    if (waiter === undefined) return
    // A busy event loop fires timers late: a wait that is over by the clock gets no permit.
    if (waiter.request.deadline <= now) {
      waiter.settle('deadline')
      return
    }
    this.#noteTurn(waiter)
    this.#take(waiter.claimant, waiter.request.work)
    this.#turns.tenants.serve(waiter.tenant, waiter.request.work)
    this.#charged.add(waiter.request)
    waiter.run.served_at = now
    waiter.settle('granted')
  }
}
