import type { PermitSource, Ticket, TicketEnds } from '../queue/port.ts'
import type { GpuBudget } from './gpu-budget.ts'
import { Lane } from './lane.ts'
import type { Admission, AdmissionRequest, LanePort } from './lane-port.ts'
import { LAST_PLACE, ticketPriority, type Wait } from './ticket-priority.ts'

/** What is free is given within some ms; a call that must not wait does not wait longer. */
const TRY_MS = 50

/**
 * A lane whose slots are shared with other replicas. It is a lane of its own whose slots are the permits that this replica holds:
 * for every call that waits it asks for one, and whichever comes, the lane's policy says who gets it. A permit goes back
 * when its call has ended, so that the queue, not this replica, says whose turn it is.
 *
 * While the others cannot be asked, its slots are this replica's share. Calls that were begun on that share owe a
 * permit: they ask for it first when the queue is back, and before that nobody here gets another.
 */
export class SharedLane implements LanePort {
  readonly model: string
  readonly gpu: GpuBudget
  readonly #lane: Lane
  readonly #source: PermitSource
  readonly #agingMs: number
  #slots: number
  readonly #held: Ticket[] = []
  /** Asked for: for calls that wait, and for calls in flight that have none. */
  readonly #asked = new Set<Ticket>()
  readonly #owed = new Set<Ticket>()
  readonly #waits = new Set<Wait>()
  #tending = false
  /** A permit came that could not be used, because calls that owe one fill the GPU: no use in asking at once again. */
  #blocked = false

  /** `slots` are those of the server. */
  constructor(model: string, slots: number, gpu: GpuBudget, agingMs: number, source: PermitSource) {
    this.model = model
    this.gpu = gpu
    this.#slots = slots
    this.#agingMs = agingMs
    this.#source = source
    this.#lane = new Lane(model, 0, gpu, agingMs)
    source.watch(() => {
      this.#blocked = false
      this.#tend()
    })
    this.#tend()
  }

  get slots(): number {
    return this.#slots
  }

  get busy(): number {
    return this.#lane.busy
  }

  get queued(): number {
    return this.#lane.queued
  }

  get permits(): number {
    return Math.min(this.#slots, this.gpu.max)
  }

  get hasRoom(): boolean {
    if (this.#source.state !== 'shared') return this.#lane.hasRoom
    return this.queued === 0 && this.#source.free > 0
  }

  isFullFor(tenant: string, most: number): boolean {
    return this.#lane.isFullFor(tenant, most)
  }

  resize(slots: number): void {
    this.#slots = slots
    this.#source.resize(slots)
    this.#tend()
  }

  acquire(request: AdmissionRequest): Admission | Promise<Admission> {
    const answer = this.#lane.acquire(request)
    if (typeof answer === 'string') return answer
    const wait = { priority: request.priority, rank: request.rank, since: performance.now() }
    this.#waits.add(wait)
    if (this.#mayAsk) this.#asked.add(this.#ask(ticketPriority(wait, wait.since, this.#agingMs), this.#asked))
    return answer.finally(() => {
      this.#waits.delete(wait)
      this.#tendSoon()
    })
  }

  /** Asks behind all others, and only where a permit was free when last heard of. */
  tryTake(request: Pick<AdmissionRequest, 'claimant' | 'work'>): boolean | Promise<boolean> {
    if (this.#source.state !== 'shared') return this.#lane.tryTake(request)
    if (!this.hasRoom) return false
    return new Promise((resolve) => {
      const ticket = this.#source.ask(LAST_PLACE, {
        granted: () => {
          clearTimeout(timer)
          this.#keep(ticket)
          // One of ours that has begun to wait meanwhile goes first.
          resolve(this.#lane.tryTake(request))
          this.#returnSurplus()
        },
        lost: () => {
          clearTimeout(timer)
          resolve(false)
        },
      })
      const timer = setTimeout(() => {
        ticket.giveBack()
        resolve(false)
      }, TRY_MS)
    })
  }

  release(request: Pick<AdmissionRequest, 'claimant' | 'work'>, held_ms: number, sent = true): void {
    // First the slot, then the call: or the lane would give the permit to its own next call.
    if (this.#source.state === 'shared') this.#lane.resize(Math.max(this.#held.length, this.busy) - 1)
    this.#lane.release(request, held_ms, sent)
    this.#tend()
  }

  /** Whether permits may be asked for calls that wait. */
  get #mayAsk(): boolean {
    return this.#source.state === 'shared' && this.#owing === 0 && !this.#blocked
  }

  /** Calls in flight without a permit. */
  get #owing(): number {
    return Math.max(0, this.busy - this.#held.length)
  }

  #tendSoon(): void {
    if (this.#tending) return
    this.#tending = true
    setImmediate(() => {
      this.#tending = false
      this.#tend()
    })
  }

  /** Makes slots and tickets fit what is held, in flight and waiting. */
  #tend(): void {
    const { state, alone, gpuAlone } = this.#source
    this.gpu.limit = state === 'shared' || gpuAlone === null ? this.gpu.max : gpuAlone
    if (state === 'shared') {
      // In this order: a permit whose call has ended is not the next local call's.
      this.#returnSurplus()
      this.#lane.resize(this.busy)
    } else {
      this.#lane.resize(alone)
      this.#returnSurplus()
    }
    if (state === 'away') return
    this.#askForOwed()
    if (this.#mayAsk) this.#askForWaiting()
  }

  /** A permit without a call goes back at once. Returns whether there was one. */
  #returnSurplus(): boolean {
    const surplus = this.#held.splice(Math.max(0, this.busy))
    if (surplus.length === 0) return false
    for (const ticket of surplus) ticket.giveBack()
    if (this.#source.state === 'shared') this.#lane.resize(this.busy)
    return true
  }

  #askForOwed(): void {
    while (this.#owed.size < this.#owing) this.#owed.add(this.#ask(0, this.#owed))
    for (const ticket of [...this.#owed].slice(this.#owing)) {
      this.#owed.delete(ticket)
      ticket.giveBack()
    }
  }

  /** One ticket for each call that waits, each at the place of one of them; moves rather than asks anew. */
  #askForWaiting(): void {
    const now = performance.now()
    const wanted = new Map<number, number>()
    for (const wait of this.#waits) {
      const place = ticketPriority(wait, now, this.#agingMs)
      wanted.set(place, (wanted.get(place) ?? 0) + 1)
    }
    const spare: Ticket[] = []
    for (const ticket of this.#asked) {
      const left = wanted.get(ticket.priority) ?? 0
      if (left > 0) wanted.set(ticket.priority, left - 1)
      else spare.push(ticket)
    }
    for (const [place, count] of wanted)
      for (let i = 0; i < count; i++) {
        const ticket = spare.pop()
        if (ticket !== undefined) ticket.move(place)
        else this.#asked.add(this.#ask(place, this.#asked))
      }
    for (const ticket of spare) {
      this.#asked.delete(ticket)
      ticket.giveBack()
    }
  }

  #ask(priority: number, among: Set<Ticket>): Ticket {
    const ends: TicketEnds = {
      granted: (ticket) => {
        among.delete(ticket)
        this.#keep(ticket)
        this.#blocked = this.#returnSurplus() && this.queued > 0
        this.#tendSoon()
      },
      lost: (ticket) => {
        among.delete(ticket)
        this.#drop(ticket)
        this.#tendSoon()
      },
    }
    return this.#source.ask(priority, ends)
  }

  #keep(ticket: Ticket): void {
    this.#held.push(ticket)
    if (this.#source.state === 'shared') this.#lane.resize(Math.max(this.#held.length, this.busy))
  }

  #drop(ticket: Ticket): void {
    const at = this.#held.indexOf(ticket)
    if (at >= 0) this.#held.splice(at, 1)
  }
}
