import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'

/** So long all replicas have to tell what they hold after Redis was away: they notice within a tick and reconnect in half a second. */
const SETTLE_MS = 2000

/**
 * Names the life of the data in Redis: made anew when Redis was started again or has been emptied. Whoever begins one, or
 * comes back after locks may have run out, opens a time for settling.
 */
const JOIN = `
local epoch = redis.call('GET', KEYS[1])
local same = epoch and string.sub(epoch, 1, #ARGV[1] + 1) == ARGV[1] .. ' '
if not same then
  epoch = ARGV[1] .. ' ' .. ARGV[2]
  redis.call('SET', KEYS[1], epoch)
end
if not same or ARGV[4] == '1' then redis.call('SET', KEYS[2], '1', 'PX', ARGV[3]) end
return {epoch, math.max(redis.call('PTTL', KEYS[2]), 0)}`

export interface Life {
  /** Its name. */
  epoch: string
  /** How long settling goes on; 0 when it is over. */
  settle_ms: number
}

/** The life of the data that a Redis holds, as the replicas under one prefix name it. */
export class RedisLife {
  readonly #redis: Redis
  readonly #keys: readonly [epoch: string, settling: string]

  constructor(redis: Redis, keyOf: (name: string) => string) {
    this.#redis = redis
    this.#keys = [keyOf('epoch'), keyOf('settling')]
  }

  /** Id of the process that Redis is now. */
  async runId(): Promise<string> {
    return /run_id:(\w+)/.exec(await this.#redis.info('server'))?.[1] ?? ''
  }

  /** Takes part in the life of this process of Redis, or begins one. `atRisk`: locks may have run out. */
  async join(runId: string, atRisk: boolean): Promise<Life> {
    const answer = await this.#redis.eval(JOIN, 2, ...this.#keys, runId, randomUUID(), SETTLE_MS, atRisk ? '1' : '0')
    const [epoch, settle_ms] = answer as [string, number]
    return { epoch, settle_ms }
  }

  epoch(): Promise<string | null> {
    return this.#redis.get(this.#keys[0])
  }

  async settleMs(): Promise<number> {
    return Math.max(0, await this.#redis.pttl(this.#keys[1]))
  }
}
