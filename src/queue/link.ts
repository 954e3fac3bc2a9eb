import type { Redis } from 'ioredis'
import { Asking, RedisAway } from './asking.ts'
import { Comeback } from './comeback.ts'
import { RedisLife } from './life.ts'
import { type LinkListener, type LinkState, LinkStates } from './link-states.ts'
import type { QueueFinding } from './port.ts'
import { openRedis } from './redis-connection.ts'
import { SilenceWatch } from './silence.ts'

/** How often a replica gives signs of life: of itself, and for what it holds. */
export const TICK_MS = 1000

export interface LinkOptions {
  url: string
  /** Before every key and channel. */
  prefix: string
  /** Redis counts as away when a ping takes longer, in ms. */
  silence_ms: number
  log: (finding: QueueFinding) => void
}

/**
 * The connection to Redis that replicas share work over, and whether it can be trusted: a command is answered soon, or the
 * link counts as away until Redis has answered again. Nothing waits for a dead socket.
 */
export class RedisLink {
  readonly redis: Redis
  readonly prefix: string
  #epoch = ''
  #settling: NodeJS.Timeout | undefined
  readonly #log: LinkOptions['log']
  readonly #states = new LinkStates()
  readonly #life: RedisLife
  readonly #asking: Asking
  readonly #comeback: Comeback
  readonly #timer: NodeJS.Timeout

  constructor({ url, prefix, silence_ms, log }: LinkOptions) {
    this.prefix = prefix
    this.#log = log
    this.redis = openRedis(url)
    this.redis.on('close', () => this.#goAway('disconnected'))
    const ping = () => this.redis.ping()
    this.#asking = new Asking(new SilenceWatch(silence_ms, ping, () => this.#goAway('silent')))
    this.#life = new RedisLife(this.redis, (name) => this.key(name))
    this.#comeback = new Comeback({
      redis: this.redis,
      life: this.#life,
      awaySince: () => (this.state === 'away' ? this.#states.awaySince : null),
      mayHold: () => this.everShared,
      onBack: (epoch, settle_ms, away_ms) => {
        this.#epoch = epoch
        this.#enter(settle_ms, away_ms)
      },
    })
    this.#timer = setInterval(() => void this.#tick(), TICK_MS)
  }

  get state(): LinkState {
    return this.#states.now
  }

  /** False until the link has been `shared` for the first time. */
  get everShared(): boolean {
    return this.#states.everShared
  }

  listen(listener: LinkListener): void {
    this.#states.listen(listener)
  }

  key(name: string): string {
    return `${this.prefix}:${name}`
  }

  /** Resolves when the link is shared for the first time, or after `timeout_ms`. Never rejects. */
  async settled(timeout_ms: number): Promise<void> {
    await this.#states.settled(timeout_ms)
  }

  /**
   * Resolves with what Redis answered; rejects with RedisAway when it cannot be asked, fails, or goes away before it has answered.
   * What it was asked for may still be done when it goes on.
   */
  async ask<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.state === 'away') throw new RedisAway('Redis is away')
    try {
      return await this.#asking.answerTo(work(this.redis))
    } catch (error) {
      if (error instanceof RedisAway) throw error
      // No memory, read only, no rights: whatever it is, lanes cannot be shared over it.
      this.#goAway(this.redis.status === 'ready' ? 'failing' : 'disconnected')
      throw new RedisAway('Redis failed', { cause: error })
    }
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
    const epoch = await this.attempt(() => this.#life.epoch())
    if (epoch === undefined || expected !== this.#epoch) return false
    if (epoch === expected) return true
    this.#goAway('emptied')
    return false
  }

  close(): void {
    this.#comeback.close()
    clearInterval(this.#timer)
    this.#leave()
    this.#asking.close()
    this.redis.disconnect()
  }

  async #tick(): Promise<void> {
    this.#states.pulse()
    if (this.state !== 'away' && (await this.isSameLife())) this.#states.tick()
  }

  #goAway(reason: string): void {
    if (this.state === 'away') return
    this.#log({ finding: 'queue_away', reason })
    this.#leave()
    this.#comeback.soon()
  }

  #leave(): void {
    clearTimeout(this.#settling)
    this.#asking.giveUp()
    this.#states.enter('away')
  }

  #enter(settle_ms: number, away_ms: number): void {
    const state = settle_ms > 0 ? 'settling' : 'shared'
    this.#log({ finding: `queue_${state}`, away_ms: Math.round(away_ms) })
    this.#states.enter(state)
    this.#states.tick()
    if (settle_ms > 0) this.#settling = setTimeout(() => void this.#endSettling(), settle_ms)
  }

  async #endSettling(): Promise<void> {
    const left = await this.attempt(() => this.#life.settleMs())
    if (left === undefined || !(await this.isSameLife()) || this.state !== 'settling') return
    this.#enter(left, 0)
  }
}
