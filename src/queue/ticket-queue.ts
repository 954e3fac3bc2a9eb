import { Queue, type QueueOptions } from 'bullmq'
import type { FallbackShare } from './fallback.ts'
import { type LinkState, LOCK_MS, type RedisLink, TICK_MS } from './link.ts'
import type { Mail } from './mail.ts'
import type { Ticket, TicketEnds } from './port.ts'

/**
 * One token for all: a job is only ever its owner's, whose id stands in the job's. The lock says that somebody answers
 * for the permit, and for how long, not who.
 */
const TOKEN = 'permit'
/** Kept by BullMQ for whoever reads its event streams; nobody does here. */
const EVENTS_KEPT = 10

interface Entry extends Ticket {
  readonly id: string
  priority: number
  readonly ends: TicketEnds
  state: 'waiting' | 'held' | 'gone'
  /** Redis has it. */
  added: boolean
}

/** Of BullMQ's answers those that say: this job is not (or no longer) what you take it for. */
const isStale = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && [-1, -2, -3, -6].includes(error.code as number)

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
 * A semaphore that replicas share: one BullMQ queue with global concurrency. A job is a ticket; while it is active it is a permit.
 * Whoever frees a permit, or asks for one, moves the next job on, whosever it is, and tells its owner, who keeps the
 * lock alive from then on. So no replica holds a permit for another, and a dead one's come back when their locks run out.
 */
export class TicketQueue {
  readonly name: string
  readonly #parts: TicketQueueParts
  readonly #entries = new Map<string, Entry>()
  /** Given back while nobody could be told. */
  readonly #leftovers = new Set<string>()
  #slots: number
  /** Whether Redis knows the slots. Without them the queue has no bound. */
  #told = false
  #made: Queue | undefined
  #count = 0
  #pulling = false
  #pullAgain = false
  #free: number
  #waiting = 0

  constructor(parts: TicketQueueParts) {
    this.#parts = parts
    this.name = parts.name
    this.#slots = parts.slots
    this.#free = parts.slots
    parts.mail.onTicket(this.name, (id) => void this.#receive(id))
    parts.link.listen({ changed: (state, from) => this.#changed(state, from), tick: () => void this.#tick() })
  }

  /** Permits that were free, with nobody waiting, when last heard of. */
  get free(): number {
    return this.#waiting > 0 ? 0 : this.#free
  }

  /** Whether calls waited when last heard of: elsewhere, or a ticket of ours that Redis has. */
  get #isFull(): boolean {
    if (this.#waiting > 0) return true
    for (const { state, added } of this.#entries.values()) if (state === 'waiting' && added) return true
    return false
  }

  get held(): number {
    let held = 0
    for (const { state } of this.#entries.values()) if (state === 'held') held++
    return held
  }

  resize(slots: number): void {
    this.#slots = slots
    this.#told = false
    void this.#pull()
  }

  /** Only while the link is not away. */
  ask(priority: number, ends: TicketEnds): Ticket {
    const id = `${this.#parts.mail.replica}-${++this.#count}`
    const entry: Entry = {
      id,
      priority,
      ends,
      state: 'waiting',
      added: false,
      move: (to) => this.#move(entry, to),
      giveBack: () => this.#giveBack(entry),
    }
    this.#entries.set(id, entry)
    void this.#add(entry)
    return entry
  }

  /** Made when Redis is there: BullMQ waits for it without end. */
  get #queue(): Queue {
    const { link } = this.#parts
    if (this.#made !== undefined) return this.#made
    // The settings of a worker: this is one without its loop, its timers and its blocking connection.
    const settings: QueueOptions & { lockDuration: number; stalledInterval: number; maxStalledCount: number } = {
      connection: link.redis,
      prefix: link.prefix,
      skipVersionCheck: true,
      streams: { events: { maxLen: EVENTS_KEPT } },
      lockDuration: LOCK_MS,
      stalledInterval: TICK_MS - 100,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    }
    this.#made = new Queue(this.name, settings)
    // The link hears of the same errors and acts on them.
    this.#made.on('error', () => undefined)
    return this.#made
  }

  async #add(entry: Entry): Promise<void> {
    const { id, priority } = entry
    const options = { jobId: id, removeOnComplete: true, removeOnFail: true, ...(priority > 0 && { priority }) }
    const added = await this.#parts.link.attempt(() => this.#queue.add('permit', {}, options))
    if (entry.state === 'gone') {
      await this.#withdraw(id)
      return
    }
    if (added === undefined) {
      this.#leftovers.add(id)
      this.#lose(entry)
      return
    }
    entry.added = true
    if (entry.priority !== priority) this.#tellPriority(entry)
    await this.#pull()
  }

  #move(entry: Entry, priority: number): void {
    if (entry.priority === priority || entry.state !== 'waiting') return
    entry.priority = priority
    if (entry.added) this.#tellPriority(entry)
  }

  #tellPriority({ id, priority }: Entry): void {
    void this.#parts.link.attempt(async () => {
      await this.#queue
        .getBackend()
        .changePriority(id, priority)
        .catch((error) => {
          // On its way to us, or lost: the tick finds that out.
          if (!isStale(error)) throw error
        })
    })
  }

  #giveBack(entry: Entry): void {
    const { id, state, added } = entry
    if (state === 'gone') return
    this.#forget(entry)
    if (state === 'held') {
      this.#free++
      void this.#finish(id)
    } else if (added) void this.#withdraw(id)
  }

  #forget(entry: Entry): void {
    entry.state = 'gone'
    this.#entries.delete(entry.id)
  }

  /** Takes a ticket out of the queue. One that has become a permit meanwhile comes to us and is given back then. */
  async #withdraw(id: string): Promise<void> {
    const { link } = this.#parts
    const removed = await link.attempt(() => this.#queue.getBackend().remove(id, false))
    if (removed === undefined) this.#leftovers.add(id)
  }

  /** Gives a permit back and gets the next ticket on. */
  async #finish(id: string): Promise<void> {
    const backend = this.#queue.getBackend()
    const job = { id, name: 'permit', data: {}, opts: {} } as Parameters<typeof backend.moveToCompleted>[0]
    const next = await this.#parts.link.attempt(async () => {
      if (!this.#told) await this.#tellSlots()
      try {
        const { result } = await backend.moveToCompleted(job, null, true, TOKEN, true)
        return idOf(result)
      } catch (error) {
        if (isStale(error)) return null
        throw error
      }
    })
    if (next === undefined) this.#leftovers.add(id)
    else if (next !== null) await this.#deliver([next])
  }

  /** Makes permits of the tickets whose turn it is. One at a time: what is asked meanwhile is seen to at the end. */
  async #pull(): Promise<void> {
    this.#pullAgain = true
    if (this.#pulling) return
    this.#pulling = true
    try {
      while (this.#pullAgain) {
        this.#pullAgain = false
        await this.#deliver(await this.#moveOn())
      }
    } finally {
      this.#pulling = false
    }
  }

  async #moveOn(): Promise<string[]> {
    const moved: string[] = []
    for (;;) {
      const next = await this.#parts.link.attempt(async () => {
        if (!this.#told) await this.#tellSlots()
        return await this.#queue.getBackend().moveToActive(TOKEN)
      })
      const id = next === undefined ? null : idOf(next)
      if (id === null) return moved
      moved.push(id)
    }
  }

  /** Nothing that was moved counts if Redis has been emptied before: the calls in flight are unknown to it then. */
  async #deliver(ids: readonly string[]): Promise<void> {
    const { link, mail } = this.#parts
    if (ids.length === 0 || !(await link.isSameLife())) return
    for (const id of ids) {
      const owner = id.slice(0, id.lastIndexOf('-'))
      if (owner === mail.replica) this.#take(id)
      else if ((await mail.tell(owner, this.name, id)) === false) await this.#finish(id)
    }
  }

  #take(id: string): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) void this.#finish(id)
    else if (entry.state === 'waiting') {
      entry.state = 'held'
      this.#free--
      entry.ends.granted(entry)
    }
  }

  /** Another replica has moved a ticket of ours on. It is ours when the lock is, or else it will come again. */
  async #receive(id: string): Promise<void> {
    if (this.#entries.has(id)) {
      const failed = await this.#parts.link.attempt(() => this.#extend([id]))
      if (failed === undefined || failed.length > 0 || !(await this.#parts.link.isSameLife())) return
    }
    this.#take(id)
  }

  #extend(ids: string[]): Promise<string[]> {
    return this.#queue.getBackend().extendLocks(
      ids,
      ids.map(() => TOKEN),
      LOCK_MS,
    )
  }

  #changed(state: LinkState, from: LinkState): void {
    if (state === 'away') {
      this.#told = false
      this.#parts.share.begin(this.name, {
        slots: this.#slots,
        held: this.held,
        free: this.#free,
        full: this.#isFull,
      })
      for (const entry of [...this.#entries.values()]) {
        if (entry.state !== 'waiting') continue
        this.#leftovers.add(entry.id)
        this.#lose(entry)
      }
    } else if (from === 'away') void this.#comeBack()
  }

  #lose(entry: Entry): void {
    const wasHeld = entry.state === 'held'
    this.#forget(entry)
    if (wasHeld) this.#parts.onPermitLost()
    entry.ends.lost(entry)
  }

  async #comeBack(): Promise<void> {
    for (const id of [...this.#leftovers]) {
      this.#leftovers.delete(id)
      await this.#withdraw(id)
      await this.#finish(id)
    }
  }

  async #tellSlots(): Promise<void> {
    const slots = this.#slots
    await this.#queue.setGlobalConcurrency(slots)
    this.#told = slots === this.#slots
  }

  /** Renews what is held, finds what was lost, and gets on what a dead replica has left. */
  async #tick(): Promise<void> {
    const { link } = this.#parts
    await this.#renew()
    const stalled = await link.attempt(() => this.#queue.getBackend().moveStalledJobsToWait())
    await this.#findLost()
    await this.#countFree()
    const waits = [...this.#entries.values()].some(({ state }) => state === 'waiting')
    if (waits || (stalled?.length ?? 0) > 0) await this.#pull()
  }

  async #renew(): Promise<void> {
    const ids = [...this.#entries.values()].filter(({ state }) => state === 'held').map(({ id }) => id)
    const failed = ids.length === 0 ? [] : await this.#parts.link.attempt(() => this.#extend(ids))
    for (const id of failed ?? []) {
      const entry = this.#entries.get(id)
      if (entry?.state === 'held') this.#lose(entry)
    }
  }

  /** Tickets that Redis no longer has: it was emptied, or we were taken for dead. */
  async #findLost(): Promise<void> {
    const waiting = [...this.#entries.values()].filter(({ state, added }) => state === 'waiting' && added)
    if (waiting.length === 0) return
    const known = await this.#parts.link.attempt((redis) => {
      const pipeline = redis.pipeline()
      for (const { id } of waiting) pipeline.exists(`${this.#parts.link.prefix}:${this.name}:${id}`)
      return pipeline.exec()
    })
    for (const [at, entry] of waiting.entries())
      if (known?.[at]?.[1] === 0 && entry.state === 'waiting') this.#lose(entry)
  }

  async #countFree(): Promise<void> {
    const key = (list: string) => `${this.#parts.link.prefix}:${this.name}:${list}`
    const counts = await this.#parts.link.attempt((redis) =>
      redis.pipeline().llen(key('active')).llen(key('wait')).zcard(key('prioritized')).exec(),
    )
    if (counts === undefined || counts === null) return
    const [active = 0, ...waiting] = counts.map(([, count]) => count as number)
    this.#free = this.#slots - active
    this.#waiting = waiting.reduce((sum, count) => sum + count, 0)
  }

  /** Takes every waiting ticket back; permits stay until their locks run out or they are given back. */
  async close(): Promise<void> {
    for (const entry of [...this.#entries.values()]) {
      this.#forget(entry)
      await this.#withdraw(entry.id)
      await this.#finish(entry.id)
    }
    await this.#made?.close()
  }
}

/** What BullMQ says of the next job: [data, id, …], with 0 or nothing where there is none. */
function idOf(next: unknown): string | null {
  const id = Array.isArray(next) ? next[1] : null
  return typeof id === 'string' && id !== '0' ? id : null
}
