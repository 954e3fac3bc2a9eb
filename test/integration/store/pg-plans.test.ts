import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openPostgresStore } from '../../../src/store/postgres/open.ts'
import type { Lease } from '../../../src/store/records.ts'
import { accepted, newTenant, T0 } from '../../contracts/store-samples.ts'
import { createDatabase, type PostgresDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'

const RUNS = 600

describe.skipIf(!postgresIsWanted)('on PostgreSQL that nobody has analysed', () => {
  let database: PostgresDatabase
  beforeAll(async () => {
    database = await createDatabase()
  })
  afterAll(() => database?.drop())

  test('the end of a run is not looked for among all runs of its tenant', async () => {
    // One connection, which has planned its statements while the tables were empty.
    const store = openPostgresStore(database.options({ connections: 1 }))
    onTestFinished(() => store.close())
    await store.migrate()
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    onTestFinished(() => client.end())
    await client.query('alter table runs set (autovacuum_enabled = off)')
    const tenant = newTenant()
    const end = async (lease: Lease) =>
      void (await store.record(lease, { at: T0, finish: { status: 'succeeded', response: null } }, null))
    // After five times PostgreSQL would keep the plan.
    for (let n = 0; n < 10; n++) await end(await accepted(store, tenant))
    await Promise.all((await Promise.all(Array.from({ length: RUNS }, () => accepted(store, tenant)))).map(end))
    // What a connection has counted is there when it has ended.
    await store.close()
    const { rows } = await client.query(
      "select idx_scan::int as looks from pg_stat_user_indexes where indexrelname = 'runs_key'",
    )
    expect(rows[0].looks).toBeGreaterThan(RUNS / 10)
  })
})
