import { type RedisLink, TICK_MS } from './link.ts'
import type { LinkState } from './link-states.ts'
import { ALIVE_MS, BEAT } from './mail.ts'
import type { QueueFinding } from './port.ts'

export interface MembersOptions {
  link: RedisLink
  /** Id of this replica. */
  replica: string
  log: (finding: QueueFinding) => void
}

/**
 * The replicas that live. Each gives a sign of life every second; one that has given none for three is dead. While Redis is away
 * nobody is known to have died, and after it is back all have as long again to show that they live.
 */
export class Members {
  readonly #options: MembersOptions
  /** When each was last seen, on the clock of performance.now(). */
  readonly #seen = new Map<string, number>()
  readonly #onDeath: ((replica: string) => void)[] = []
  #knownSince = Number.POSITIVE_INFINITY

  constructor(options: MembersOptions) {
    this.#options = options
    this.#seen.set(options.replica, performance.now())
    options.link.listen({ changed: (state, from) => this.#changed(state, from), tick: () => void this.#beat() })
  }

  /** Ids in a fixed order, this replica's among them; as last known while Redis is away. */
  get living(): string[] {
    return [...this.#seen.keys()].sort()
  }

  get place(): { replicas: number; rank: number } {
    const { living } = this
    return { replicas: living.length, rank: living.indexOf(this.#options.replica) }
  }

  /** Calls back once for every replica that dies, or leaves. At most about five seconds after its last sign of life. */
  onDeath(callback: (replica: string) => void): void {
    this.#onDeath.push(callback)
  }

  /** Tells the others that this replica is going. */
  async leave(): Promise<void> {
    const { link, replica } = this.#options
    await link.attempt((redis) => redis.zrem(link.key('replicas'), replica))
  }

  #changed(state: LinkState, from: LinkState): void {
    if (state === 'away') this.#knownSince = Number.POSITIVE_INFINITY
    else if (from === 'away') this.#knownSince = performance.now()
  }

  async #beat(): Promise<void> {
    const { link, replica } = this.#options
    const living = await link.attempt((redis) => redis.eval(BEAT, 1, link.key('replicas'), replica, ALIVE_MS))
    if (living === undefined) return
    const now = performance.now()
    for (const id of living as string[]) {
      if (!this.#seen.has(id)) this.#options.log({ finding: 'replica_joined', replica: id })
      this.#seen.set(id, now)
    }
    // A ZSET says that somebody is late by now; a beat more, and it was not this replica that was late.
    if (now - this.#knownSince < ALIVE_MS) return
    for (const [id, at] of this.#seen) if (id !== replica && now - at > TICK_MS) this.#bury(id)
  }

  #bury(id: string): void {
    this.#seen.delete(id)
    this.#options.log({ finding: 'replica_died', replica: id })
    for (const callback of this.#onDeath) callback(id)
  }
}
