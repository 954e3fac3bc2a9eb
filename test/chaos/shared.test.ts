import { expect, test } from 'vitest'
import { tableOf } from './row.ts'
import { seedOf } from './settings.ts'
import { tryShared } from './trial.ts'

test('I01, I03, I05, I10: three replicas that are killed, frozen and lose their database and their Redis keep every promise', {
  timeout: 500_000,
}, async ({ skip }) => {
  const seed = seedOf(process.env)
  const strikes = { kills: 8, freezes: 2, restarts: 2, redisStrikes: 4 }
  const end = await tryShared({ seed, replicas: 3, ...strikes, limit_ms: 480_000 })
  if (end === null) return skip('no PostgreSQL or no redis-server')
  console.info(`CHAOS_SEED=${seed}, three replicas on PostgreSQL and Redis\n\n${tableOf(end.rows)}\n`)
  expect(end.wrong).toEqual([])
})
