import { numberOf, seedOf } from './settings.ts'
import { type TrialEnd, tryPostgres, trySqlite } from './trial.ts'
import { tableOf } from './verdict.ts'

/**
 * The long chaos suite: prints a table per part, exits 1 when a promise was broken. CHAOS_SEED repeats the schedule of
 * another time, CHAOS_KILLS sets how many kills (200), CHAOS_ONLY one part (`sqlite`, `postgres`), REDIS_URL shared lanes.
 */
const seed = seedOf(process.env)
const kills = numberOf(process.env, 'CHAOS_KILLS', 200)
/** A kill with the start after it takes seconds, on a machine with other work too. */
const limit_ms = 120_000 + kills * 20_000
const redisUrl = process.env.REDIS_URL ?? null
const only = process.env.CHAOS_ONLY

const parts: Record<string, () => Promise<TrialEnd | null>> = {
  sqlite: () => trySqlite({ seed, kills, limit_ms }),
  postgres: () =>
    tryPostgres({
      seed,
      kills,
      replicas: 3,
      freezes: Math.ceil(kills / 20),
      restarts: Math.ceil(kills / 10),
      redisUrl,
      limit_ms,
    }),
}

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
