import { expect, test } from 'vitest'
import { tableOf } from './row.ts'
import { seedOf } from './settings.ts'
import { trySqlite } from './trial.ts'

test('I01: a service on SQLite that is killed 25 times keeps every promise', { timeout: 300_000 }, async () => {
  const seed = seedOf(process.env)
  const { rows, wrong } = await trySqlite({ seed, kills: 25, limit_ms: 280_000 })
  console.info(`CHAOS_SEED=${seed}, SQLite\n\n${tableOf(rows)}\n`)
  expect(wrong).toEqual([])
})
