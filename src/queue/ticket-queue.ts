import type { FallbackShare } from './fallback.ts'
import { Handover } from './handover.ts'
import type { RedisLink } from './link.ts'
import type { LinkState } from './link-states.ts'
import type { Mail } from './mail.ts'
import { PermitJobs } from './permit-jobs.ts'
import type { Ticket, TicketEnds } from './port.ts'
import { type Entry, TicketBook } from './ticket-book.ts'
import { Upkeep } from './upkeep.ts'

export interface TicketQueueParts {
  link: RedisLink
  mail: Mail
  share: FallbackShare
  /** Same in all replicas that share it. */
  name: string
  slots: number
  /** A permit that was held is held no more: its call goes on without. */
  onPermitLost: () => void
}

/**
 * A semaphore that replicas share. A ticket is asked for, waits, becomes a permit when its turn comes, and is given back. Each replica
 * keeps its own permits alive, so a dead one's come back when their locks run out.
 */
export class TicketQueue {
  readonly name: string
  readonly #mail: Mail
  readonly #share: FallbackShare
  readonly #jobs: PermitJobs
  readonly #book: TicketBook
  readonly #handover: Handover
  readonly #upkeep: Upkeep
  #count = 0

  constructor({ link, mail, share, name, slots, onPermitLost }: TicketQueueParts) {
    this.name = name
    this.#mail = mail
    this.#share = share
    const jobs = new PermitJobs(link, name, slots)
    const book = new TicketBook(slots, onPermitLost)
    const handover = new Handover({ link, mail, name, jobs, book })
    this.#jobs = jobs
    this.#book = book
    this.#handover = handover
    this.#upkeep = new Upkeep(jobs, book, handover)
    mail.onTicket(name, (id) => void handover.receive(id))
    link.listen({ changed: (state, from) => this.#changed(state, from), tick: () => void this.#upkeep.tick() })
  }

  /** Permits that were free, with nobody waiting, when last heard of. */
  get free(): number {
    return this.#book.free
  }

  resize(slots: number): void {
    this.#jobs.resize(slots)
    void this.#handover.pull()
  }

  /** Only while the link is not away. */
  ask(priority: number, ends: TicketEnds): Ticket {
    const entry: Entry = {
      id: `${this.#mail.replica}-${++this.#count}`,
      priority,
      ends,
      state: 'waiting',
      added: false,
      move: (to) => this.#move(entry, to),
      giveBack: () => this.#giveBack(entry),
    }
    this.#book.open(entry)
    void this.#add(entry)
    return entry
  }

  async #add(entry: Entry): Promise<void> {
    const { id, priority } = entry
    const added = await this.#jobs.add(id, priority)
    if (entry.state === 'gone') await this.#handover.withdraw(id)
    else if (!added) {
      this.#handover.leave(id)
      this.#book.lose(entry)
    } else {
      entry.added = true
      if (entry.priority !== priority) void this.#jobs.move(id, entry.priority)
      await this.#handover.pull()
      // Heard now, because when Redis has gone it is too late.
      if (this.#book.find(id)?.state === 'waiting') await this.#upkeep.count()
    }
  }

  #move(entry: Entry, priority: number): void {
    if (entry.priority === priority || entry.state !== 'waiting') return
    entry.priority = priority
    if (entry.added) void this.#jobs.move(entry.id, priority)
  }

  #giveBack(entry: Entry): void {
    const { id, state, added } = entry
    if (state === 'gone') return
    this.#book.strike(entry)
    if (state === 'held') void this.#handover.finish(id)
    else if (added) void this.#handover.withdraw(id)
  }

  #changed(state: LinkState, from: LinkState): void {
    if (state === 'away') this.#leave()
    else if (from === 'away') void this.#handover.clearLeftovers()
  }

  /** Whoever waits need not wait here; permits stay with their calls. */
  #leave(): void {
    const { held, free, full } = this.#book.last
    this.#jobs.forgotten()
    this.#share.begin(this.name, { slots: this.#jobs.slots, held: held + this.#handover.returning, free, full })
    for (const entry of this.#book.waiting) {
      this.#handover.leave(entry.id)
      this.#book.lose(entry)
    }
  }

  /** Takes every ticket back. */
  async close(): Promise<void> {
    for (const entry of [...this.#book.waiting, ...this.#book.held]) {
      this.#book.strike(entry)
      await this.#handover.clear(entry.id)
    }
    await this.#jobs.close()
  }
}
