import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDatabase, postgresIsWanted } from '../contracts/store-subjects.ts'
import { freePort } from '../helpers/free-port.ts'
import { createChance } from './chance.ts'
import { Client, SECRET } from './client.ts'
import { inspect } from './inspection.ts'
import { keysOf, startModels } from './models.ts'
import { Nemesis } from './nemesis.ts'
import { startPostgres } from './postgres-server.ts'
import { type OwnRedis, startRedis } from './redis-server.ts'
import { Replica } from './replica.ts'
import type { Row } from './row.ts'
import { judge } from './verdict.ts'

export interface TrialOptions {
  seed: number
  kills: number
  /** After that long the trial fails; everything that it has started is ended then too. */
  limit_ms: number
}

export interface ClusterOptions extends TrialOptions {
  replicas: number
  freezes: number
  restarts: number
}

export interface SharedOptions extends ClusterOptions {
  redisStrikes: number
}

export interface TrialEnd {
  rows: Row[]
  wrong: string[]
}

const SLOTS = 2
const SETTLE_MS = 60_000

type Closing = AsyncDisposableStack

/** The folder of a trial: the roster, and data when SQLite is used. */
function folderOf(closing: Closing): string {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-chaos-'))
  closing.defer(async () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const ENV = {
  NODE_ENV: 'test',
  JWT_SECRET: SECRET,
  LOG_LEVEL: 'warn',
  RATE_LIMIT_MAX: '1000000',
  SHUTDOWN_GRACE_MS: '500',
}

interface Arena extends TrialOptions {
  count: number
  env: Record<string, string>
  cluster?: ConstructorParameters<typeof Nemesis>[0]['cluster']
}

/** Rejects when the work takes longer; the work goes on until what it needs is closed. */
async function within<T>(limit_ms: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`The trial took longer than ${limit_ms / 1000} s`)), limit_ms)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

async function fight(closing: Closing, folder: string, arena: Arena): Promise<TrialEnd> {
  const { seed, kills, count, env, cluster } = arena
  const chance = createChance(seed)
  const models = await startModels(chance.branch(), SLOTS)
  closing.defer(() => models.close())
  const roster = join(folder, 'roster.json')
  writeFileSync(roster, JSON.stringify(models.simulator.roster))
  const replicas: Replica[] = []
  for (let index = 1; index <= count; index++) {
    const name = `replica-${index}`
    const own = { MODELS_FILE: roster, MODEL_API_KEYS: keysOf(models.simulator, name) }
    replicas.push(new Replica(name, await freePort(), { ...ENV, ...own, ...env }))
  }
  closing.defer(async () => void (await Promise.all(replicas.map((replica) => replica.close()))))
  const nemesis = new Nemesis({ replicas, chance: chance.branch(), kills, ...(cluster && { cluster }) })
  for (const replica of replicas) replica.start()
  await nemesis.untilCalm()

  const client = new Client({
    origins: replicas.map(({ origin }) => origin),
    chance: chance.branch(),
    workers: 3 + 2 * count,
  })
  closing.defer(async () => client.abandon())
  client.start()
  await nemesis.rage()
  await nemesis.untilCalm()
  await client.stop()
  const open = await client.settle(SETTLE_MS)
  const [{ origin }] = replicas as [Replica]
  await client.readAll(origin)
  const inspection = await inspect(origin, client)
  const { strikes, ready_ms } = nemesis
  const crashes = replicas.flatMap((replica) => replica.crashes)
  const findings = replicas.flatMap((replica) => replica.findings)
  const sharing = { slots: SLOTS, replicas: count, shared: cluster?.redis != null }
  return judge({ client, models, strikes, findings, open, inspection, crashes, ready_ms, sharing })
}

/** One service on SQLite that is killed and started again and again. */
export async function trySqlite(options: TrialOptions): Promise<TrialEnd> {
  await using closing = new AsyncDisposableStack()
  const folder = folderOf(closing)
  const env = { DATA_DIR: join(folder, 'data') }
  return await within(options.limit_ms, fight(closing, folder, { ...options, count: 1, env }))
}

/** Replicas on PostgreSQL: our own, which is stopped too, or the machine's. Null when there is none. */
export async function tryPostgres(options: ClusterOptions): Promise<TrialEnd | null> {
  await using closing = new AsyncDisposableStack()
  return await inCluster(closing, options, null)
}

/** The same with a Redis of our own, over which the replicas share their lanes. Null when either is missing. */
export async function tryShared(options: SharedOptions): Promise<TrialEnd | null> {
  await using closing = new AsyncDisposableStack()
  const redis = await startRedis()
  if (redis === null) {
    console.info('skipped: replicas that share a Redis, redis-server is not on the PATH')
    return null
  }
  closing.defer(() => redis.close())
  return await inCluster(closing, options, { redis, redisStrikes: options.redisStrikes })
}

async function inCluster(
  closing: Closing,
  options: ClusterOptions,
  shared: { redis: OwnRedis; redisStrikes: number } | null,
): Promise<TrialEnd | null> {
  const { replicas, freezes, restarts } = options
  const folder = folderOf(closing)
  const postgres = await startPostgres()
  if (postgres !== null) closing.defer(() => postgres.close())
  else {
    console.info('skipped: restarts of PostgreSQL, its programs are not in /usr/lib/postgresql')
    if (!postgresIsWanted) return null
  }
  const database = postgres === null ? await createDatabase() : null
  if (database !== null) closing.defer(() => database.drop())
  const env = {
    DATABASE_URL: postgres?.url ?? database?.url ?? '',
    // What replicas say of their lanes, bad news and good.
    ...(shared !== null && { REDIS_URL: shared.redis.url, LOG_LEVEL: 'info' }),
  }
  const cluster = { postgres, freezes, restarts, redis: shared?.redis ?? null, redisStrikes: shared?.redisStrikes ?? 0 }
  return await within(options.limit_ms, fight(closing, folder, { ...options, count: replicas, env, cluster }))
}
