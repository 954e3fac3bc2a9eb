import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import type { QueueFinding } from './port.ts'
import { SilenceWatch } from './silence.ts'

export type LinkState = 'shared' | 'settling' | 'away'

/** How long Redis keeps a permit whose holder gives no sign of life. */
export const LOCK_MS = 3000
/** How often a holder gives one. */
export const TICK_MS = 1000
/** Longer away than this, and locks may have run out while nobody could renew them. */
const LOCKS_AT_RISK_MS = 1000
/** So long all replicas have to tell what they hold after Redis was away: they notice within a tick and reconnect in half a second. */
const SETTLE_MS = 2000
const PROBE_MS = 50
/** A connection on which nothing has come for so long is made anew. */
const HALF_OPEN_MS = 5000

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

const GONE = Symbol('gone')

export interface LinkOptions {
  url: string
  /** Before every key and channel. */
  prefix: string
  /** Redis counts as away when a ping takes longer, in ms. */
  silence_ms: number
  log: (finding: QueueFinding) => void
}

export interface LinkListener {
  /** The state has changed; `from` is what it was. */
  changed?: (state: LinkState, from: LinkState) => void
  /** Once a second while Redis can be asked, and at once when it can be again. */
  tick?: () => void
  /** Once a second, whatever the state. */
  pulse?: () => void
}

/** Redis cannot be asked now. */
export class RedisAway extends Error {
  override readonly name = 'RedisAway'
}

/**
 * The connection to Redis that replicas share work over, and whether it can be trusted: a command is answered soon, or the
 * link counts as away until Redis has answered again. Nothing waits for a dead socket.
 */
export class RedisLink {
  readonly redis: Redis
  readonly prefix: string
  /** False until the link has been `shared` for the first time. */
  everShared = false
  #state: LinkState = 'away'
  #epoch = ''
  #awaySince = performance.now()
  #closed = false
  #probing = false
  #settled: NodeJS.Timeout | undefined
  /** Resolves when the link goes away. */
  #gone = Promise.withResolvers<typeof GONE>()
  readonly #everSeen = Promise.withResolvers<void>()
  readonly #log: LinkOptions['log']
  readonly #listeners: LinkListener[] = []
  readonly #silence: SilenceWatch
  readonly #timers: NodeJS.Timeout[]

  constructor({ url, prefix, silence_ms, log }: LinkOptions) {
    this.prefix = prefix
    this.#log = log
    this.redis = connect(url)
    this.#silence = new SilenceWatch(
      silence_ms,
      () => this.redis.ping(),
      () => this.#goAway('silent'),
    )
    this.redis.on('close', () => this.#goAway('disconnected'))
    this.redis.on('ready', () => void this.#probe())
    // What went wrong shows as a closed connection or a failed command; without a listener it would end the process.
    this.redis.on('error', () => undefined)
    this.#timers = [setInterval(() => void this.#probe(), PROBE_MS), setInterval(() => void this.#tick(), TICK_MS)]
  }

  get state(): LinkState {
    return this.#state
  }

  /** Ms since it has been away; 0 while it is not. */
  get awayMs(): number {
    return this.#state === 'away' ? performance.now() - this.#awaySince : 0
  }

  listen(listener: LinkListener): void {
    this.#listeners.push(listener)
  }

  key(name: string): string {
    return `${this.prefix}:${name}`
  }

  /** Resolves when the link is shared for the first time, or after `timeout_ms`. Never rejects. */
  async settled(timeout_ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeout_ms)
    })
    await Promise.race([this.#everSeen.promise, timeout])
    clearTimeout(timer)
  }

  /**
   * Resolves with what Redis answered; rejects with RedisAway when it cannot be asked, fails, or goes away before it has answered.
   * What it was asked for may still be done when it goes on.
   */
  async ask<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.#state === 'away') throw new RedisAway('Redis is away')
    return await this.#watched(work)
  }

  /** The same, with undefined for what could not be asked. */
  async attempt<T>(work: (redis: Redis) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.ask(work)
    } catch (error) {
      if (error instanceof RedisAway) return undefined
      throw error
    }
  }

  /**
   * Whether Redis still holds what it held: false after it was emptied, and then the link is away. What was read or moved
   * before this was asked belongs to the same life.
   */
  async isSameLife(): Promise<boolean> {
    const expected = this.#epoch
    const epoch = await this.attempt((redis) => redis.get(this.key('epoch')))
    if (epoch === undefined || expected !== this.#epoch) return false
    if (epoch === expected) return true
    this.#goAway('emptied')
    return false
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#timers) clearInterval(timer)
    clearTimeout(this.#settled)
    this.#silence.stop()
    this.#set('away')
    this.redis.disconnect()
  }

  async #watched<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const done = this.#silence.begin()
    const working = work(this.redis)
    // One answer stands for all: whether anybody still waits for it, says nothing of the connection.
    void working.then(done, done)
    try {
      const answer = await Promise.race([working, this.#gone.promise])
      if (answer !== GONE) return answer
    } catch (error) {
      // No memory, read only, no rights: whatever it is, lanes cannot be shared over it.
      this.#goAway(this.redis.status === 'ready' ? 'failing' : 'disconnected')
      throw new RedisAway('Redis failed', { cause: error })
    }
    throw new RedisAway('Redis went away')
  }

  async #tick(): Promise<void> {
    for (const { pulse } of this.#listeners) pulse?.()
    if (this.#state === 'away' || !(await this.isSameLife())) return
    for (const { tick } of this.#listeners) tick?.()
  }

  #goAway(reason: string): void {
    if (this.#state === 'away') return
    this.#awaySince = performance.now()
    clearTimeout(this.#settled)
    this.#log({ finding: 'queue_away', reason })
    this.#set('away')
  }

  #set(state: LinkState): void {
    const from = this.#state
    if (from === state) return
    this.#state = state
    if (state === 'away') this.#gone.resolve(GONE)
    else if (from === 'away') this.#gone = Promise.withResolvers()
    for (const { changed } of this.#listeners) changed?.(state, from)
  }

  /** Tries to come back. One try at a time: on a frozen Redis it is answered when that goes on. */
  async #probe(): Promise<void> {
    if (this.#closed || this.#probing || this.#state !== 'away' || this.redis.status !== 'ready') return
    this.#probing = true
    const halfOpen = setTimeout(() => this.redis.disconnect(true), HALF_OPEN_MS)
    try {
      await this.#join()
    } catch {
      // Still away; the next probe asks again.
    } finally {
      clearTimeout(halfOpen)
      this.#probing = false
    }
  }

  async #join(): Promise<void> {
    const info = await this.redis.info('server')
    const life = /run_id:(\w+)/.exec(info)?.[1] ?? ''
    // Asked after the answer: a frozen Redis gives it late.
    const away_ms = performance.now() - this.#awaySince
    const atRisk = this.everShared && away_ms > LOCKS_AT_RISK_MS ? '1' : '0'
    const keys = [this.key('epoch'), this.key('settling')] as const
    const [epoch, settle_ms] = (await this.redis.eval(JOIN, 2, ...keys, life, randomUUID(), SETTLE_MS, atRisk)) as [
      string,
      number,
    ]
    if (this.#closed || performance.now() - this.#awaySince - away_ms > LOCKS_AT_RISK_MS) return
    this.#epoch = epoch
    this.#enter(settle_ms, away_ms)
  }

  #enter(settle_ms: number, away_ms: number): void {
    if (settle_ms === 0) {
      this.everShared = true
      this.#everSeen.resolve()
    }
    const state = settle_ms > 0 ? 'settling' : 'shared'
    this.#log({ finding: `queue_${state}`, away_ms: Math.round(away_ms) })
    this.#set(state)
    for (const { tick } of this.#listeners) tick?.()
    if (settle_ms > 0) this.#settled = setTimeout(() => void this.#endSettling(), settle_ms)
  }

  async #endSettling(): Promise<void> {
    const left = await this.attempt((redis) => redis.pttl(this.key('settling')))
    if (left === undefined || this.#state !== 'settling') return
    if (!(await this.isSameLife()) || this.state !== 'settling') return
    this.#enter(Math.max(0, left), 0)
  }
}

/** A connection on which commands fail at once while there is none. */
function connect(url: string): Redis {
  return new Redis(url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 1000,
    keepAlive: 5000,
    retryStrategy: (times) => Math.min(50 * times, 500),
  })
}
