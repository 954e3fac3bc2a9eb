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

/** Of those named, each with its channel, who has given no sign of life lately and has no connection that listens. */
export const GONE = `${NOW}
local gone = {}
for i = 2, #ARGV, 2 do
  local seen = redis.call('ZSCORE', KEYS[1], ARGV[i])
  local isSilent = not seen or tonumber(seen) < now - tonumber(ARGV[1])
  if isSilent and redis.call('PUBSUB', 'NUMSUB', ARGV[i + 1])[2] == 0 then gone[#gone + 1] = ARGV[i] end
end
return gone`

/** On which a replica listens as long as its process lives: Redis knows it by the open connection. */
export const channelOf = (link: Pick<RedisLink, 'key'>, replica: string): string => link.key(`to:${replica}`)

/** Messages from replica to replica about permits. */
export class Mail {
  readonly replica: string
  readonly #link: RedisLink
  readonly #readers = new Map<string, (id: string) => void>()

  constructor(replica: string, link: RedisLink, subscriber: Subscriber) {
    this.replica = replica
    this.#link = link
    subscriber.on(channelOf(link, replica), (text) => {
      const [queue = '', id = ''] = text.split(' ')
      this.#readers.get(queue)?.(id)
    })
  }

  onTicket(queue: string, read: (id: string) => void): void {
    this.#readers.set(queue, read)
  }

  /** Tells a replica that its ticket has become a permit. False when it cannot hear it; undefined when Redis is away. */
  async tell(replica: string, queue: string, id: string): Promise<boolean | undefined> {
    const link = this.#link
    const keys = [link.key('replicas'), replica, channelOf(link, replica)] as const
    const heard = await link.attempt((redis) => redis.eval(TELL, 1, ...keys, `${queue} ${id}`, ALIVE_MS))
    return heard === undefined ? undefined : heard !== 0
  }
}
