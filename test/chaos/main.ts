import { tableOf } from './row.ts'
import { numberOf, seedOf } from './settings.ts'
import { type TrialEnd, tryPostgres, tryShared, trySqlite } from './trial.ts'

/**
 * The long chaos suite: prints a table per part, exits 1 when a promise was broken. CHAOS_SEED repeats the schedule of another
 * time, CHAOS_KILLS sets how many kills (200), CHAOS_ONLY one part: `sqlite`, `postgres` (replicas share a Redis), `without-redis`.
 */
const seed = seedOf(process.env)
const kills = numberOf(process.env, 'CHAOS_KILLS', 200)
/** A kill with the start after it takes seconds, on a machine with other work too. */
const limit_ms = 120_000 + kills * 20_000
const only = process.env.CHAOS_ONLY

const cluster = {
  seed,
  kills,
  replicas: 3,
  freezes: Math.ceil(kills / 20),
  restarts: Math.ceil(kills / 10),
  limit_ms,
}

const parts: Record<string, () => Promise<TrialEnd | null>> = {
  sqlite: () => trySqlite({ seed, kills, limit_ms }),
  postgres: () => tryShared({ ...cluster, redisStrikes: Math.ceil(kills / 5) }),
  'without-redis': () => tryPostgres(cluster),
}
if (only !== undefined && !Object.hasOwn(parts, only))
  throw new Error(`CHAOS_ONLY must be one of ${Object.keys(parts)}`)

// Who interrupts it leaves no process behind: all that it has started ends with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
console.log(`CHAOS_SEED=${seed}`)
for (const [name, run] of Object.entries(parts)) {
  if (only !== undefined && only !== name) continue
  const began = performance.now()
  const end = await run()
  if (end === null) continue
  console.log(`\n${name}, ${Math.round((performance.now() - began) / 1000)} s\n\n${tableOf(end.rows)}`)
  if (end.wrong.length === 0) continue
  process.exitCode = 1
  console.log(`\nBroken:\n${end.wrong.slice(0, 40).join('\n')}`)
}
