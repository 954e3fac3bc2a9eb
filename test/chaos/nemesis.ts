import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import type { Chance } from './chance.ts'
import type { OwnPostgres } from './postgres-server.ts'
import { redisKind, strikeRedis } from './redis-blows.ts'
import type { OwnRedis } from './redis-server.ts'
import type { Replica } from './replica.ts'
import type { Strike } from './strikes.ts'

/** Longer than a replica may be silent before its runs are taken over (8 s), with the look that finds it. */
const LONG_FREEZE_MS = 13_000

export interface NemesisParts {
  replicas: readonly Replica[]
  chance: Chance
  kills: number
  /** Of a cluster: beside the kills, SIGTERM, SIGSTOP, restarts of the database and strikes of Redis, where these are ours. */
  cluster?: {
    postgres: OwnPostgres | null
    redis: OwnRedis | null
    freezes: number
    restarts: number
    redisStrikes: number
  }
}

/** After a start or an end so much later all replicas know who lives. */
const ACQUAINTED_MS = 6000
/** So much later lanes are shared again. */
const SETTLED_MS = 3000

/** So many deeds pass before another replica of a cluster is the one that is spared. */
const PERIOD = 15

/**
 * Ends, freezes and starts again, one thing after the other. In a cluster one replica is spared for a while, long enough
 * to take over what the others leave; then it is the turn of another one.
 */
export class Nemesis {
  readonly strikes: Strike[] = []
  readonly ready_ms: (number | null)[] = []
  readonly #parts: NemesisParts
  /** Index of the replica that is left alone; null when there is only one. */
  #spared: number | null

  constructor(parts: NemesisParts) {
    this.#parts = parts
    this.#spared = parts.replicas.length > 1 ? 0 : null
  }

  async rage(): Promise<void> {
    const { chance, kills, cluster } = this.#parts
    const deeds: (() => Promise<void>)[] = Array.from({ length: kills }, () => () => this.#kill())
    if (cluster !== undefined) {
      const others = [
        ...Array.from({ length: cluster.freezes }, (_, index) => () => this.#freeze(index % 2 === 0)),
        ...Array.from(
          { length: cluster.postgres === null ? 0 : cluster.restarts },
          () => () => this.#restartDatabase(),
        ),
        ...Array.from(
          { length: cluster.redis === null ? 0 : cluster.redisStrikes },
          (_, index) => () => this.#strikeRedis(index),
        ),
        ...Array.from({ length: Math.ceil(kills / 8) }, () => () => this.#stop()),
      ]
      for (const deed of others) deeds.splice(chance.between(1, deeds.length), 0, deed)
    }
    for (const [index, deed] of deeds.entries()) {
      if (index > 0 && index % PERIOD === 0) await this.#spareAnother()
      await pause(chance.between(200, 1800))
      await deed()
    }
  }

  /** Every replica is up again. */
  async untilCalm(): Promise<void> {
    await Promise.all(this.#parts.replicas.map((replica) => this.#awaitReady(replica)))
  }

  async #strike(kind: Strike['kind'], replica: Replica | null, blow: () => Promise<void>): Promise<void> {
    const strike: Strike = {
      kind,
      replica: replica?.name ?? null,
      from: performance.now(),
      until: Number.POSITIVE_INFINITY,
      crowd: (loadavg()[0] ?? 0) / availableParallelism(),
    }
    this.strikes.push(strike)
    await blow()
    strike.until = performance.now()
  }

  async #awaitReady(replica: Replica): Promise<void> {
    if ((await replica.ready()) === null)
      throw new Error(`${replica.name} does not get ready: ${replica.said.slice(-2000)}`)
  }

  async #kill(): Promise<void> {
    const { replicas, chance, cluster } = this.#parts
    const victims = this.#victims(cluster !== undefined && chance.happens(0.25) ? 2 : 1)
    await Promise.all(victims.map((victim) => this.#strike('kill', victim, () => victim.end('SIGKILL'))))
    for (const victim of victims) victim.start()
    if (chance.happens(0.15)) {
      const [victim] = victims
      await pause(chance.between(20, 700))
      await this.#strike('kill_at_start', victim, () => victim.end('SIGKILL'))
      victim.start()
    }
    // Alone it is awaited, so that it has lived before it dies again; replicas may die while others start.
    if (replicas.length === 1 || chance.happens(0.5)) await Promise.all(victims.map((each) => this.#awaitReady(each)))
  }

  async #stop(): Promise<void> {
    const [victim] = this.#victims(1)
    await this.#awaitReady(victim)
    await this.#strike('stop', victim, () => victim.end('SIGTERM'))
    victim.start()
  }

  async #freeze(long: boolean): Promise<void> {
    const [victim] = this.#victims(1)
    await this.#awaitReady(victim)
    await this.#strike('freeze', victim, async () => {
      victim.freeze()
      await pause(long ? LONG_FREEZE_MS : this.#parts.chance.between(500, 4000))
      victim.thaw()
    })
  }

  /** Alone, so that it shows what an outage does and not what a kill beside it does. */
  async #restartDatabase(): Promise<void> {
    const { replicas, chance, cluster } = this.#parts
    const postgres = cluster?.postgres
    if (postgres === undefined || postgres === null) return
    await this.untilCalm()
    await this.#strike('database', null, async () => {
      await postgres.stop(chance.pick(['fast', 'immediate'] as const))
      await pause(chance.pick([0, 1000, 12_000]))
      await postgres.start()
    })
    this.ready_ms.push(...(await Promise.all(replicas.map((replica) => replica.ready()))))
    await pause(2000)
  }

  /** One time in two when the replicas know each other well, so that their shares must be right; else in the middle of it all. */
  async #strikeRedis(index: number): Promise<void> {
    const { chance, cluster } = this.#parts
    const redis = cluster?.redis
    if (redis === undefined || redis === null) return
    if (index % 2 === 0) {
      await this.untilCalm()
      await pause(ACQUAINTED_MS)
    }
    const kind = redisKind(Math.floor(index / 2) + (index % 2) * 2)
    await this.#strike(kind, null, () => strikeRedis(redis, kind, chance))
    if (index % 2 === 0) await pause(SETTLED_MS)
  }

  async #spareAnother(): Promise<void> {
    if (this.#spared === null) return
    await this.untilCalm()
    await pause(LONG_FREEZE_MS)
    this.#spared = (this.#spared + 1) % this.#parts.replicas.length
  }

  #victims(count: number): [Replica, ...Replica[]] {
    const { replicas, chance } = this.#parts
    const exposed = replicas.filter((_, index) => index !== this.#spared)
    const first = chance.between(0, exposed.length - 1)
    const victims = Array.from({ length: count }, (_, index) => exposed[(first + index) % exposed.length] as Replica)
    return victims as [Replica, ...Replica[]]
  }
}
