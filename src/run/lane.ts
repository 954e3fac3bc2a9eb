import type { CancelSignal } from '../contract/cancel.ts'
import { type Claim, chooseNext, compareClaims } from './policy.ts'

export type Admission = 'granted' | 'cancelled' | 'deadline'

export interface AdmissionRequest {
  priority: number
  rank: number
  /** On the clock of performance.now(): the wait is given up then. */
  deadline: number
  cancel: CancelSignal
}

interface Waiter extends Claim {
  deadline: number
  settle: (admission: Admission) => void
}

/** All lanes pinned to one GPU, and the optional cap on their calls together. */
export class GpuBudget {
  readonly id: number
  readonly max: number
  readonly lanes: Lane[] = []
  busy = 0
  /** Waits begun on all lanes here: first come, first served holds between neighbours too. */
  arrivals = 0
  #busySince = 0
  #busyMs = 0

  constructor(id: number, max: number = Number.POSITIVE_INFINITY) {
    this.id = id
    this.max = max
  }

  take(): void {
    if (this.busy++ === 0) this.#busySince = performance.now()
  }

  give(): void {
    if (--this.busy === 0) this.#busyMs += performance.now() - this.#busySince
  }

  /** Time during which at least one call was in flight here, in ms since the start. */
  busyMs(): number {
    return this.#busyMs + (this.busy > 0 ? performance.now() - this.#busySince : 0)
  }
}

/**
 * The admission queue in front of one model server: `slots` permits, given in the order of the lane policy.
 * A permit is held from `acquire` answering "granted" until `release`. Waiting ends by grant, cancellation or deadline;
 * a waiter that gave up never gets a permit.
 */
export class Lane {
  readonly model: string
  readonly slots: number
  readonly gpu: GpuBudget
  busy = 0
  readonly #agingMs: number
  readonly #waiting: Waiter[] = []

  constructor(model: string, slots: number, gpu: GpuBudget, agingMs: number) {
    this.model = model
    this.slots = slots
    this.gpu = gpu
    this.#agingMs = agingMs
    gpu.lanes.push(this)
  }

  get queued(): number {
    return this.#waiting.length
  }

  /** Calls that can be in flight here at once. */
  get permits(): number {
    return Math.min(this.slots, this.gpu.max)
  }

  /** How many of the waiting would go before a call that came now. */
  ahead({ priority, rank }: Pick<Claim, 'priority' | 'rank'>): number {
    const now = performance.now()
    const newcomer = { priority, rank, since: now, seq: Number.POSITIVE_INFINITY }
    return this.#waiting.filter((waiter) => compareClaims(waiter, newcomer, now, this.#agingMs) < 0).length
  }

  /** Answers at once when a permit is free, so that an idle lane costs no turn of the event loop. */
  acquire(request: AdmissionRequest): Admission | Promise<Admission> {
    if (request.cancel.cancelled) return 'cancelled'
    if (performance.now() >= request.deadline) return 'deadline'
    if (this.#waiting.length === 0 && this.#hasRoom()) {
      this.#take()
      return 'granted'
    }
    return this.#wait(request)
  }

  release(): void {
    this.busy--
    this.gpu.give()
    this.#dispatch()
  }

  #hasRoom(): boolean {
    return this.busy < this.slots && this.gpu.busy < this.gpu.max
  }

  #take(): void {
    this.busy++
    this.gpu.take()
  }

  #wait(request: AdmissionRequest): Promise<Admission> {
    return new Promise((resolve) => {
      const now = performance.now()
      const giveUp = (why: Admission) => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
        waiter.settle(why)
      }
      const timer = setTimeout(giveUp, Math.max(0, request.deadline - now), 'deadline')
      const forget = request.cancel.onCancel(() => giveUp('cancelled'))
      const waiter: Waiter = {
        priority: request.priority,
        rank: request.rank,
        since: now,
        seq: this.gpu.arrivals++,
        deadline: request.deadline,
        settle: (admission) => {
          clearTimeout(timer)
          forget()
          resolve(admission)
        },
      }
      this.#waiting.push(waiter)
    })
  }

  /** Gives freed permits away. With a GPU budget the freed one may belong to a neighbour's waiter. */
  #dispatch(): void {
    const lanes = this.gpu.max === Number.POSITIVE_INFINITY ? [this] : this.gpu.lanes
    for (;;) {
      const now = performance.now()
      const lane = lanes.reduce<Lane | null>((best, candidate) => candidate.#better(best, now), null)
      if (lane === null) return
      const [waiter] = lane.#waiting.splice(chooseNext(lane.#waiting, now, lane.#agingMs), 1)
      // A busy event loop fires timers late: a wait that is over by the clock gets no permit.
      const inTime = waiter !== undefined && waiter.deadline > now
      if (inTime) lane.#take()
      waiter?.settle(inTime ? 'granted' : 'deadline')
    }
  }

  #better(best: Lane | null, now: number): Lane | null {
    if (!this.#hasRoom() || this.#waiting.length === 0) return best
    if (best === null) return this
    return compareClaims(this.#head(now), best.#head(now), now, this.#agingMs) < 0 ? this : best
  }

  #head(now: number): Waiter {
    return this.#waiting[chooseNext(this.#waiting, now, this.#agingMs)] as Waiter
  }
}

/** Model id → its lane. */
export type LaneTable = ReadonlyMap<string, Lane>
