import { type RedisLink, TICK_MS } from './link.ts'
import type { LinkState } from './link-states.ts'
import { ALIVE_MS, BEAT, channelOf, GONE } from './mail.ts'
import type { QueueFinding } from './port.ts'

export interface MembersOptions {
  link: RedisLink
  /** Id of this replica. */
  replica: string
  log: (finding: QueueFinding) => void
}

/** Of a shorter absence nobody else need know, and nobody has lost more than one beat by it. */
const SHORT_MS = 1000
const NOBODY: ReadonlySet<string> = new Set()

/**
 * The replicas that live. Each gives a sign of life every second; one that has given none for three is dead. While Redis is away
 * nobody is known to have died, and after it is back all have as long again to show that they live.
 */
export class Members {
  readonly #options: MembersOptions
  /** When each was last seen, on the clock of performance.now(). */
  readonly #seen = new Map<string, number>()
  #knownSince = Number.POSITIVE_INFINITY
  #awayAt = Number.NEGATIVE_INFINITY
  /** Since when everybody can be connected: Redis may have lost all connections before. */
  #openSince = Number.POSITIVE_INFINITY

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

  /**
   * Of these replicas, those whose process has ended: no sign of life for three seconds, and nobody listens on its channel. Who is
   * frozen still has its connection, so has a machine that went without a word for some minutes: both are missing here. A
   * process that lives and has lost Redis is not told apart: ask the store before anything is taken from it. Nobody while Redis
   * is away, and after more than a moment of that until all have had time to come back. Never rejects.
   */
  async gone(replicas: readonly string[]): Promise<ReadonlySet<string>> {
    const { link } = this.#options
    if (replicas.length === 0 || performance.now() - this.#openSince < ALIVE_MS) return NOBODY
    const asked = replicas.flatMap((id) => [id, channelOf(link, id)])
    const gone = await link.attempt((redis) => redis.eval(GONE, 1, link.key('replicas'), ALIVE_MS, ...asked))
    // Who is missing in a Redis that was emptied may live.
    if (gone === undefined || !(await link.isSameLife())) return NOBODY
    return new Set(gone as string[])
  }

  /** Tells the others that this replica is going. */
  async leave(): Promise<void> {
    const { link, replica } = this.#options
    await link.attempt((redis) => redis.zrem(link.key('replicas'), replica))
  }

  #changed(state: LinkState, from: LinkState): void {
    const now = performance.now()
    if (state === 'away') {
      this.#knownSince = Number.POSITIVE_INFINITY
      this.#awayAt = now
    } else if (from === 'away') {
      this.#knownSince = now
      if (state === 'settling' || now - this.#awayAt > SHORT_MS) this.#openSince = now
    }
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
  }
}
