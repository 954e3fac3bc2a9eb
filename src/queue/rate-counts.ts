import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

/**
 * The window of plugins/rate-limit/window.ts, kept in Redis by the clock of Redis: [first, last, count] of each burst.
 * ARGV: window in ms, limit (-1: only look), bursts per window.
 */
const COUNT = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local window, max = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('GET', KEYS[1])
local bursts, current = {}, 0
for _, b in ipairs(kept and cmsgpack.unpack(kept) or {}) do
  if now - b[2] < window then
    bursts[#bursts + 1] = b
    current = current + b[3]
  end
end
if max >= 0 and current < max then
  local newest = bursts[#bursts]
  if newest and now - newest[1] < window / tonumber(ARGV[3]) then
    newest[2] = now
    newest[3] = newest[3] + 1
  else
    bursts[#bursts + 1] = {now, now, 1}
  end
  redis.call('SET', KEYS[1], cmsgpack.pack(bursts), 'PX', window)
end
if max >= 0 then current = current + 1 end
return {current, bursts[1] and bursts[1][2] + window - now or 0}`

const BURSTS_PER_WINDOW = 20
const ONLY_LOOK = -1

export interface Counted {
  /** Requests in the window that ends now, this one among them; above the limit: one too many, and not counted. */
  current: number
  /** Ms until the first of them leave the window. */
  ttl: number
}

/** Counts requests for all replicas together. Keys are hashed: they name tenants and subjects. */
export class RateCounts {
  readonly #ask: (work: (redis: Redis) => Promise<unknown>) => Promise<unknown>
  readonly #key: (name: string) => string
  /** Replicas last known to live, this one among them. */
  readonly replicas: () => number

  constructor(
    ask: (work: (redis: Redis) => Promise<unknown>) => Promise<unknown>,
    key: (name: string) => string,
    replicas: () => number,
  ) {
    this.#ask = ask
    this.#key = key
    this.replicas = replicas
  }

  /** Counts a request if there is room for it. Rejects soon while Redis is away. */
  take(key: string, window_ms: number, max: number): Promise<Counted> {
    return this.#count(key, window_ms, max)
  }

  look(key: string, window_ms: number): Promise<Counted> {
    return this.#count(key, window_ms, ONLY_LOOK)
  }

  async #count(key: string, window_ms: number, max: number): Promise<Counted> {
    const hashed = this.#key(`rate:${createHash('sha256').update(key).digest('base64url')}`)
    const counted = await this.#ask((redis) => redis.eval(COUNT, 1, hashed, window_ms, max, BURSTS_PER_WINDOW))
    const [current, ttl] = counted as [number, number]
    return { current, ttl }
  }
}
