import { expect, test } from 'vitest'
import { seedOf } from './settings.ts'
import { tryPostgres } from './trial.ts'
import { tableOf } from './verdict.ts'

test('I01, I03, I10: three replicas that are killed, frozen and lose their database keep every promise', {
  timeout: 300_000,
}, async ({ skip }) => {
  const seed = seedOf(process.env)
  const end = await tryPostgres({
    seed,
    kills: 8,
    replicas: 3,
    freezes: 2,
    restarts: 2,
    redisUrl: null,
    limit_ms: 280_000,
  })
  if (end === null) return skip('no PostgreSQL')
  console.info(`CHAOS_SEED=${seed}, three replicas on PostgreSQL\n\n${tableOf(end.rows)}\n`)
  expect(end.wrong).toEqual([])
})
