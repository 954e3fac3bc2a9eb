import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openPostgresStore } from '../../../src/store/postgres/open.ts'
import { createPool } from '../../../src/store/postgres/pool.ts'
import { heartbeat } from '../../../src/store/queries/claims.ts'
import type { Tables } from '../../../src/store/tables.ts'
import { accepted, newTenant, T0 } from '../../contracts/store-samples.ts'
import { createDatabase, type PostgresDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { until } from '../faults/until.ts'

describe.skipIf(!postgresIsWanted)('signs of life on PostgreSQL', () => {
  let database: PostgresDatabase
  beforeAll(async () => {
    database = await createDatabase()
  })
  afterAll(() => database?.drop())

  test('wait for nobody who writes several runs at once: there is no circle to be broken', async () => {
    const store = openPostgresStore(database.options())
    await store.migrate()
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: createPool(database.options()) }) })
    const connectionString = database.url
    const [writer, looker] = [new pg.Client({ connectionString }), new pg.Client({ connectionString })]
    await Promise.all([writer.connect(), looker.connect()])
    onTestFinished(async () => {
      await Promise.all([store.close(), db.destroy(), writer.end(), looker.end()])
    })
    const tenant = newTenant()
    const [first, second] = [await accepted(store, tenant), await accepted(store, tenant)]
    const touch = (run_id: string) => writer.query('update runs set touched_at = 1 where run_id = $1', [run_id])
    await writer.query('begin')
    await touch(second.run_id)
    let hasBeaten = false
    const beating = heartbeat(db, 'replica-1', T0 + 1).finally(() => {
      hasBeaten = true
    })
    const WAITING = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    const waits = async () => (await looker.query(WAITING)).rows.length > 0
    await until(async () => hasBeaten || (await waits()), 'the signs of life are given, or wait', 10_000)
    await Promise.all([touch(first.run_id).then(() => writer.query('commit')), beating])
    expect(await beating).toBe(1)
    expect((await store.run(tenant, first.run_id))?.touched_at).toBe(1)
  })
})
