import type { Ticket, TicketEnds } from './port.ts'

/** A ticket of this replica. */
export interface Entry extends Ticket {
  readonly id: string
  priority: number
  readonly ends: TicketEnds
  state: 'waiting' | 'held' | 'gone'
  /** Redis has it. */
  added: boolean
}

/** This replica's tickets in one queue, and what it has heard last of all others'. */
export class TicketBook {
  readonly #entries = new Map<string, Entry>()
  readonly #onPermitLost: () => void
  #free: number
  #waiting = 0
  #full = false

  /** `onPermitLost`: a permit that was held is held no more, its call goes on without. */
  constructor(free: number, onPermitLost: () => void) {
    this.#free = free
    this.#onPermitLost = onPermitLost
  }

  /** Permits that were free, with nobody waiting, when last heard of. */
  get free(): number {
    return this.#waiting > 0 ? 0 : this.#free
  }

  /**
   * What a replica that is left alone goes by. `full`: calls waited for permits that others held, when last heard of. A ticket that
   * waits while permits are free does not count, its turn may be on the way.
   */
  get last(): { held: number; free: number; full: boolean } {
    const full = this.#full || (this.#free <= 0 && this.waiting.some(({ added }) => added))
    return { held: this.held.length, free: this.#free, full }
  }

  get waiting(): Entry[] {
    return [...this.#entries.values()].filter(({ state }) => state === 'waiting')
  }

  get held(): Entry[] {
    return [...this.#entries.values()].filter(({ state }) => state === 'held')
  }

  /** Undefined when it is gone. */
  find(id: string): Entry | undefined {
    return this.#entries.get(id)
  }

  open(entry: Entry): void {
    this.#entries.set(entry.id, entry)
  }

  /** Its turn has come. */
  hold(entry: Entry): void {
    entry.state = 'held'
    this.#free--
    entry.ends.granted(entry)
  }

  /** Nobody wants it any more. */
  strike(entry: Entry): void {
    if (entry.state === 'held') this.#free++
    this.#forget(entry)
  }

  /** It stands in no queue and holds nothing any more. */
  lose(entry: Entry): void {
    if (entry.state === 'gone') return
    const wasHeld = entry.state === 'held'
    this.#forget(entry)
    if (wasHeld) this.#onPermitLost()
    entry.ends.lost(entry)
  }

  /** What Redis says of all replicas together. */
  hear(free: number, waiting: number): void {
    this.#free = free
    this.#waiting = waiting
    this.#full = waiting > 0 && free <= 0
  }

  #forget(entry: Entry): void {
    entry.state = 'gone'
    this.#entries.delete(entry.id)
  }
}
