import type { Queue } from 'bullmq'
import { idOf, LOCK_MS, openQueue, unlessStale } from './bullmq.ts'
import type { RedisLink } from './link.ts'

/**
 * One token for all: a job is only ever its owner's, whose id stands in the job's. The lock says that somebody answers
 * for the permit, and for how long, not who.
 */
const TOKEN = 'permit'

export interface Counts {
  held: number
  waiting: number
}

/**
 * One BullMQ queue with global concurrency, and what is done to its jobs. A job is a ticket; while it is active it is a
 * permit. Where Redis could not be asked the answer is undefined, or false where there is nothing else to say.
 */
export class PermitJobs {
  readonly #link: RedisLink
  readonly #name: string
  #slots: number
  /** Whether Redis knows the slots. Without them the queue has no bound. */
  #told = false
  #made: Queue | undefined

  constructor(link: RedisLink, name: string, slots: number) {
    this.#link = link
    this.#name = name
    this.#slots = slots
  }

  get slots(): number {
    return this.#slots
  }

  resize(slots: number): void {
    this.#slots = slots
    this.#told = false
  }

  /** Redis may not know the slots any more. */
  forgotten(): void {
    this.#told = false
  }

  add(id: string, priority: number): Promise<boolean> {
    const options = { jobId: id, removeOnComplete: true, removeOnFail: true, ...(priority > 0 && { priority }) }
    return this.#done((queue) => queue.add('permit', {}, options))
  }

  /** A ticket that is on its way to its owner, or lost, stays as it is: the clock finds that out. */
  move(id: string, priority: number): Promise<boolean> {
    return this.#done((queue) => unlessStale(queue.getBackend().changePriority(id, priority)))
  }

  /** Takes out a ticket; a permit stays. */
  remove(id: string): Promise<boolean> {
    return this.#done((queue) => queue.getBackend().remove(id, false))
  }

  /** Gives a permit back. Returns the ticket that became one by that; null for none. */
  finish(id: string): Promise<string | null | undefined> {
    return this.#attempt(async (queue) => {
      await this.#tellSlots(queue)
      const backend = queue.getBackend()
      const job = { id, name: 'permit', data: {}, opts: {} } as Parameters<typeof backend.moveToCompleted>[0]
      const finished = await unlessStale(backend.moveToCompleted(job, null, true, TOKEN, true))
      return idOf(finished?.result)
    })
  }

  /** Makes a permit of the ticket whose turn it is. Returns it; null when none waits or no permit is free. */
  next(): Promise<string | null | undefined> {
    return this.#attempt(async (queue) => {
      await this.#tellSlots(queue)
      return idOf(await queue.getBackend().moveToActive(TOKEN))
    })
  }

  /** Keeps permits alive. Returns those that are none any more. */
  renew(ids: string[]): Promise<string[] | undefined> {
    const tokens = ids.map(() => TOKEN)
    return this.#attempt((queue) => queue.getBackend().extendLocks(ids, tokens, LOCK_MS))
  }

  /** Puts permits whose holder is dead back among the tickets. Returns how many there were. */
  requeueStalled(): Promise<number | undefined> {
    return this.#attempt(async (queue) => (await queue.getBackend().moveStalledJobsToWait()).length)
  }

  /** Those of them that Redis does not have. */
  async missing(ids: readonly string[]): Promise<string[]> {
    const known = await this.#link.attempt((redis) => {
      const pipeline = redis.pipeline()
      for (const id of ids) pipeline.exists(this.#key(id))
      return pipeline.exec()
    })
    return ids.filter((_, at) => known?.[at]?.[1] === 0)
  }

  async count(): Promise<Counts | undefined> {
    const counts = await this.#link.attempt((redis) =>
      redis.pipeline().llen(this.#key('active')).llen(this.#key('wait')).zcard(this.#key('prioritized')).exec(),
    )
    if (counts === undefined || counts === null) return undefined
    const [held = 0, inOrder = 0, byPriority = 0] = counts.map(([, count]) => count as number)
    return { held, waiting: inOrder + byPriority }
  }

  async close(): Promise<void> {
    await this.#made?.close()
  }

  #attempt<T>(work: (queue: Queue) => Promise<T>): Promise<T | undefined> {
    return this.#link.attempt(() => work(this.#queue))
  }

  async #done(work: (queue: Queue) => Promise<unknown>): Promise<boolean> {
    const done = await this.#attempt(async (queue) => {
      await work(queue)
      return true
    })
    return done ?? false
  }

  #key(name: string): string {
    return this.#link.key(`${this.#name}:${name}`)
  }

  async #tellSlots(queue: Queue): Promise<void> {
    if (this.#told) return
    const slots = this.#slots
    await queue.setGlobalConcurrency(slots)
    this.#told = slots === this.#slots
  }

  get #queue(): Queue {
    this.#made ??= openQueue(this.#link, this.#name)
    return this.#made
  }
}
