import type { RedisLink } from './link.ts'
import type { Mail } from './mail.ts'
import type { PermitJobs } from './permit-jobs.ts'
import type { TicketBook } from './ticket-book.ts'

export interface HandoverParts {
  link: RedisLink
  mail: Mail
  /** Of the queue: the same in all replicas. */
  name: string
  jobs: PermitJobs
  book: TicketBook
}

/**
 * Makes permits of tickets and brings them to their owners. Whoever frees a permit, or asks for one, moves the next ticket
 * on, whosever it is, and tells its owner. So no replica holds a permit for another.
 */
export class Handover {
  readonly #parts: HandoverParts
  /** Given back while nobody could be told. */
  readonly #leftovers = new Set<string>()
  #returning = 0
  #pulling = false
  #pullAgain = false

  constructor(parts: HandoverParts) {
    this.#parts = parts
  }

  /** Makes permits of the tickets whose turn it is. One at a time: what is asked meanwhile is seen to at the end. */
  async pull(): Promise<void> {
    this.#pullAgain = true
    if (this.#pulling) return
    this.#pulling = true
    try {
      while (this.#pullAgain) {
        this.#pullAgain = false
        const moved: string[] = []
        for (let id = await this.#next(); id !== null; id = await this.#next()) moved.push(id)
        await this.#deliver(moved)
      }
    } finally {
      this.#pulling = false
    }
  }

  /** Permits that are being given back: as long as Redis has not said so, nobody else has heard of them. */
  get returning(): number {
    return this.#returning
  }

  /** Gives a permit back and gets the next ticket on. */
  async finish(id: string): Promise<void> {
    this.#returning++
    const next = await this.#parts.jobs.finish(id)
    this.#returning--
    if (next === undefined) this.leave(id)
    else if (next !== null) await this.#deliver([next])
  }

  /** Takes a ticket out of the queue. One that has become a permit meanwhile comes to us and is given back then. */
  async withdraw(id: string): Promise<void> {
    if (!(await this.#parts.jobs.remove(id))) this.leave(id)
  }

  /** A ticket that nobody wants any more, to be taken out when Redis can be asked again. */
  leave(id: string): void {
    this.#leftovers.add(id)
  }

  async clearLeftovers(): Promise<void> {
    for (const id of [...this.#leftovers]) {
      this.#leftovers.delete(id)
      await this.clear(id)
    }
  }

  /** Whatever it is by now. */
  async clear(id: string): Promise<void> {
    await this.withdraw(id)
    await this.finish(id)
  }

  /** Another replica has moved a ticket of ours on. It is ours when the lock is, or else it will come again. */
  async receive(id: string): Promise<void> {
    const { book, jobs, link } = this.#parts
    if (book.find(id) !== undefined) {
      const failed = await jobs.renew([id])
      if (failed === undefined || failed.length > 0 || !(await link.isSameLife())) return
    }
    this.#take(id)
  }

  async #next(): Promise<string | null> {
    return (await this.#parts.jobs.next()) ?? null
  }

  /** Nothing that was moved counts if Redis has been emptied before: the calls in flight are unknown to it then. */
  async #deliver(ids: readonly string[]): Promise<void> {
    const { link, mail, name } = this.#parts
    if (ids.length === 0 || !(await link.isSameLife())) return
    for (const id of ids) {
      const owner = id.slice(0, id.lastIndexOf('-'))
      if (owner === mail.replica) this.#take(id)
      else if ((await mail.tell(owner, name, id)) === false) await this.finish(id)
    }
  }

  #take(id: string): void {
    const entry = this.#parts.book.find(id)
    if (entry === undefined) void this.finish(id)
    else if (entry.state === 'waiting') this.#parts.book.hold(entry)
  }
}
