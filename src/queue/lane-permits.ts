import type { FallbackShare } from './fallback.ts'
import type { RedisLink } from './link.ts'
import type { PermitSource, Ticket, TicketEnds } from './port.ts'
import type { TicketQueue } from './ticket-queue.ts'

/** A ticket of a lane whose GPU has a cap: first a permit of the lane, then one of the GPU. */
class PairedTicket implements Ticket {
  readonly #ends: TicketEnds
  readonly #gpu: TicketQueue
  readonly #lanes: Ticket
  #gpus: Ticket | null = null
  #open = true

  constructor(lane: TicketQueue, gpu: TicketQueue, priority: number, ends: TicketEnds) {
    this.#gpu = gpu
    this.#ends = ends
    const lost = () => this.#lose()
    this.#lanes = lane.ask(priority, { granted: () => this.#askGpu(), lost })
  }

  get priority(): number {
    return this.#lanes.priority
  }

  move(priority: number): void {
    this.#lanes.move(priority)
    this.#gpus?.move(priority)
  }

  giveBack(): void {
    this.#open = false
    this.#gpus?.giveBack()
    this.#lanes.giveBack()
  }

  #askGpu(): void {
    const ends = { granted: () => this.#ends.granted(this), lost: () => this.#lose() }
    this.#gpus = this.#gpu.ask(this.priority, ends)
  }

  #lose(): void {
    if (!this.#open) return
    this.giveBack()
    this.#ends.lost(this)
  }
}

/**
 * The permits of one model server, shared between replicas. With a cap on its GPU a permit is a pair. Nobody can block
 * another for ever: who holds one of the GPU has one of a lane already and waits for nothing.
 */
export class LanePermits implements PermitSource {
  readonly #link: RedisLink
  readonly #share: FallbackShare
  readonly #lane: TicketQueue
  readonly #gpu: { queue: TicketQueue; max: number } | null
  #slots: number

  constructor(
    link: RedisLink,
    share: FallbackShare,
    lane: { queue: TicketQueue; slots: number },
    gpu: { queue: TicketQueue; max: number } | null,
  ) {
    this.#link = link
    this.#share = share
    this.#lane = lane.queue
    this.#slots = lane.slots
    this.#gpu = gpu
  }

  get state(): PermitSource['state'] {
    return this.#link.state
  }

  get free(): number {
    return Math.min(this.#lane.free, this.#gpu?.queue.free ?? Number.POSITIVE_INFINITY)
  }

  get alone(): number {
    return this.#mustWait ? 0 : this.#share.limit(this.#lane.name, this.#slots)
  }

  get gpuAlone(): number | null {
    if (this.#gpu === null) return null
    return this.#mustWait ? 0 : this.#share.limit(this.#gpu.queue.name, this.#gpu.max)
  }

  /** A replica that has just started knows nothing of calls in flight; the others tell Redis of theirs within two seconds. */
  get #mustWait(): boolean {
    return this.state === 'settling' && !this.#link.everShared
  }

  ask(priority: number, ends: TicketEnds): Ticket {
    if (this.#gpu === null) return this.#lane.ask(priority, ends)
    return new PairedTicket(this.#lane, this.#gpu.queue, priority, ends)
  }

  resize(slots: number): void {
    this.#slots = slots
    this.#lane.resize(slots)
  }

  watch(listener: () => void): void {
    this.#link.listen({ changed: listener, pulse: listener })
  }
}
