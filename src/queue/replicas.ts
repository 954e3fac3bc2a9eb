import { createHash } from 'node:crypto'
import { FallbackShare } from './fallback.ts'
import { LanePermits } from './lane-permits.ts'
import { RedisLink } from './link.ts'
import { Mail } from './mail.ts'
import { Members } from './members.ts'
import { Notices } from './notices.ts'
import type { PermitSource, QueueFinding } from './port.ts'
import { RateCounts } from './rate-counts.ts'
import { Subscriber } from './subscriber.ts'
import { TicketQueue } from './ticket-queue.ts'

export interface ReplicasOptions {
  url: string
  /** Id of this process, never used again by another. */
  replica: string
  log: (finding: QueueFinding) => void
  /** Before every key and channel. @default 'consilium' */
  prefix?: string
  /** Redis counts as away when a ping takes longer, in ms; 10 ms pass before one is sent. @default 25 */
  silence_ms?: number
}

/** What a lane is shared by: replicas that call the same model at the same address meet. */
export interface SharedModel {
  url: string
  served_model: string
  slots: number
  gpu: { id: number; max: number | null }
}

const hashOf = (...parts: string[]): string => createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16)

/** All that replicas share over Redis. Holds ids and counts, never anything of a patient. */
export class Replicas {
  readonly members: Members
  readonly notices: Notices
  readonly rateCounts: RateCounts
  /** Permits lost to this replica while their calls were in flight, counted since the start. */
  permitsLost = 0
  readonly #link: RedisLink
  readonly #subscriber: Subscriber
  readonly #mail: Mail
  readonly #share: FallbackShare
  readonly #queues = new Map<string, TicketQueue>()
  readonly #log: ReplicasOptions['log']

  constructor({ url, replica, log, prefix = 'consilium', silence_ms = 25 }: ReplicasOptions) {
    this.#log = log
    this.#link = new RedisLink({ url, prefix, silence_ms, log })
    this.#subscriber = new Subscriber(url)
    this.#mail = new Mail(replica, this.#link, this.#subscriber)
    this.members = new Members({ link: this.#link, replica, log })
    this.notices = new Notices(this.#link, this.#subscriber)
    this.rateCounts = new RateCounts(
      (work) => this.#link.ask(work),
      (name) => this.#link.key(name),
      () => this.members.living.length,
    )
    this.#share = new FallbackShare(() => this.members.place)
  }

  /** Whether lanes go by this replica's own share of the slots, because Redis is away or only just back. */
  get degraded(): boolean {
    return this.#link.state !== 'shared'
  }

  /** Resolves when lanes are shared, at the latest after `timeout_ms`; then the replica begins alone. */
  async settled(timeout_ms: number): Promise<void> {
    await this.#link.settled(timeout_ms)
  }

  /** The permits of a model server. */
  permitsOf({ url, served_model, slots, gpu }: SharedModel): PermitSource {
    const lane = this.#queue(`lane-${hashOf(url, served_model)}`, slots)
    const capped = gpu.max === null ? null : { queue: this.#queue(`gpu-${gpu.id}`, gpu.max), max: gpu.max }
    return new LanePermits(this.#link, this.#share, { queue: lane, slots }, capped)
  }

  /** Gives back what this replica holds and leaves. Calls in flight must have ended before. */
  async close(): Promise<void> {
    for (const queue of this.#queues.values()) await queue.close()
    await this.members.leave()
    this.#subscriber.close()
    this.#link.close()
  }

  #queue(name: string, slots: number): TicketQueue {
    const known = this.#queues.get(name)
    if (known !== undefined) return known
    const onPermitLost = () => {
      this.permitsLost++
      this.#log({ finding: 'permit_lost' })
    }
    const made = new TicketQueue({ link: this.#link, mail: this.#mail, share: this.#share, name, slots, onPermitLost })
    this.#queues.set(name, made)
    return made
  }
}
