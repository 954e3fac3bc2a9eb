import { expect, test } from 'vitest'
import { seedOf } from './settings.ts'
import { trySqlite } from './trial.ts'
import { tableOf } from './verdict.ts'

test('I01: a service on SQLite that is killed 25 times keeps every promise', { timeout: 180_000 }, async () => {
  const seed = seedOf(process.env)
  const { rows, wrong } = await trySqlite({ seed, kills: 25 })
  console.info(`CHAOS_SEED=${seed}, SQLite\n\n${tableOf(rows)}\n`)
  expect(wrong).toEqual([])
})
