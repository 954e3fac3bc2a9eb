import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Db } from '../../../src/store/backend.ts'
import { createCipher } from '../../../src/store/cipher.ts'
import { createClinical } from '../../../src/store/clinical.ts'
import { migrate } from '../../../src/store/migrations.ts'
import { accept } from '../../../src/store/queries/accept.ts'
import { AuditAppender } from '../../../src/store/queries/audit.ts'
import { atWork, heartbeat, unfinished } from '../../../src/store/queries/claims.ts'
import { record } from '../../../src/store/queries/record.ts'
import { progress } from '../../../src/store/queries/runs.ts'
import { NodeSqliteDialect } from '../../../src/store/sqlite/dialect.ts'
import { SQLITE_MIGRATIONS } from '../../../src/store/sqlite/open.ts'
import type { Tables } from '../../../src/store/tables.ts'
import { newRun, note, outcome, T0 } from '../../contracts/store-samples.ts'

const clinical = createClinical(createCipher(null))

/** How SQLite reads the tables for what `work` asks, a line for each. */
async function plansOf(work: (db: Db) => Promise<unknown>): Promise<string[]> {
  const database = new DatabaseSync(':memory:')
  const asked: { sql: string; parameters: readonly unknown[] }[] = []
  const log = ({ query }: { query: { sql: string; parameters: readonly unknown[] } }) => void asked.push(query)
  const db: Db = new Kysely<Tables>({ dialect: new NodeSqliteDialect(database), log })
  onTestFinished(() => db.destroy())
  await migrate(db, SQLITE_MIGRATIONS)
  asked.length = 0
  await work(db)
  return asked.flatMap(({ sql, parameters }) =>
    database
      .prepare(`explain query plan ${sql}`)
      .all(...(parameters as string[]))
      .map(({ detail }) => `${detail}`),
  )
}

describe('on SQLite, no statement that is asked again and again reads a whole table', () => {
  // A part of a union is what was found in a table, not a table.
  const WHOLE = /^SCAN (?!part$|.*USING (COVERING )?INDEX)/
  test.each<[string, (db: Db) => Promise<unknown>]>([
    ['a sign of life', (db) => heartbeat(db, 'replica-1', T0)],
    ['a look at all runs at work', (db) => atWork(db, 'replica-1', { held: 10, free: 10 })],
    [
      'a look how far runs are',
      (db) =>
        progress(
          db,
          [1, 2, 3].map((n) => ({ tenant: `t${n % 2}`, run_id: `r${n}` })),
        ),
    ],
    ['a look for unfinished runs', (db) => unfinished(db, { owner: null, limit: 10 })],
    ['a look for runs that were left', (db) => unfinished(db, { untouched_since: T0, limit: 10 })],
    [
      'the steps of a run',
      async (db) => {
        const run = newRun('t', { idempotency_key: randomUUID() })
        await accept(db, clinical, run)
        const outcomes = [{ task_id: 'a', outcome: outcome('text') }]
        const events = [{ event: 'task.succeeded', data: null }]
        await record(db, clinical, { tenant: 't', run_id: run.run_id, epoch: 1 }, { at: T0, outcomes, events })
      },
    ],
    [
      'the audit',
      async (db) => {
        const audit = new AuditAppender()
        for (let n = 0; n < 2; n++) await audit.append(db, 't', [{ ...note('run.read'), outcome: 'ok' }])
      },
    ],
  ])('%s', async (_, work) => {
    const plans = await plansOf(work)
    expect(plans.length).toBeGreaterThan(0)
    expect(plans.filter((plan) => WHOLE.test(plan))).toEqual([])
  })
})
