import type { RedisLink } from './link.ts'
import type { Subscriber } from './subscriber.ts'

/** A replica counts as living for so long after its last sign of life. */
export const ALIVE_MS = 3000

/** By the clock of Redis, the only one that all replicas have. */
const NOW = `local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000)`

/** Hands a permit over, unless its owner is dead or hears nothing. */
const TELL = `${NOW}
local seen = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not seen or tonumber(seen) < now - tonumber(ARGV[4]) then return 0 end
return redis.call('PUBLISH', ARGV[2], ARGV[3])`

/** A sign of life. Returns all replicas that have given one lately. */
export const BEAT = `${NOW}
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 20 * tonumber(ARGV[2]))
return redis.call('ZRANGEBYSCORE', KEYS[1], now - tonumber(ARGV[2]), '+inf')`

/** Messages from replica to replica about permits. */
export class Mail {
  readonly replica: string
  readonly #link: RedisLink
  readonly #readers = new Map<string, (id: string) => void>()

  constructor(replica: string, link: RedisLink, subscriber: Subscriber) {
    this.replica = replica
    this.#link = link
    subscriber.on(this.#channelOf(replica), (text) => {
      const [queue = '', id = ''] = text.split(' ')
      this.#readers.get(queue)?.(id)
    })
  }

  onTicket(queue: string, read: (id: string) => void): void {
    this.#readers.set(queue, read)
  }

  /** Tells a replica that its ticket has become a permit. False when it cannot hear it; undefined when Redis is away. */
  async tell(replica: string, queue: string, id: string): Promise<boolean | undefined> {
    const heard = await this.#link.attempt((redis) =>
      redis.eval(TELL, 1, this.#link.key('replicas'), replica, this.#channelOf(replica), `${queue} ${id}`, ALIVE_MS),
    )
    return heard === undefined ? undefined : heard !== 0
  }

  #channelOf(replica: string): string {
    return this.#link.key(`to:${replica}`)
  }
}
