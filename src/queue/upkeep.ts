import type { Handover } from './handover.ts'
import type { PermitJobs } from './permit-jobs.ts'
import type { TicketBook } from './ticket-book.ts'

/** What is done every second: permits are kept alive, lost tickets found, and what a dead replica has left gets on. */
export class Upkeep {
  readonly #jobs: PermitJobs
  readonly #book: TicketBook
  readonly #handover: Handover
  #counting = false

  constructor(jobs: PermitJobs, book: TicketBook, handover: Handover) {
    this.#jobs = jobs
    this.#book = book
    this.#handover = handover
  }

  async tick(): Promise<void> {
    await this.#renew()
    const stalled = (await this.#jobs.requeueStalled()) ?? 0
    await this.#findLost()
    await this.count()
    if (stalled > 0 || this.#book.waiting.length > 0) await this.#handover.pull()
  }

  async #renew(): Promise<void> {
    const ids = this.#book.held.map(({ id }) => id)
    const failed = ids.length === 0 ? [] : await this.#jobs.renew(ids)
    for (const id of failed ?? []) {
      const entry = this.#book.find(id)
      if (entry?.state === 'held') this.#book.lose(entry)
    }
  }

  /** Tickets that Redis no longer has: it was emptied, or we were taken for dead. */
  async #findLost(): Promise<void> {
    const ids = this.#book.waiting.filter(({ added }) => added).map(({ id }) => id)
    const missing = ids.length === 0 ? [] : await this.#jobs.missing(ids)
    for (const id of missing) {
      const entry = this.#book.find(id)
      if (entry?.state === 'waiting') this.#book.lose(entry)
    }
  }

  /** Hears how many permits are free and how many calls wait, over all replicas. */
  async count(): Promise<void> {
    if (this.#counting) return
    this.#counting = true
    const counts = await this.#jobs.count()
    this.#counting = false
    if (counts !== undefined) this.#book.hear(this.#jobs.slots - counts.held, counts.waiting)
  }
}
