import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Backend, Db } from '../../../src/store/backend.ts'
import { createPostgresBackend } from '../../../src/store/postgres/backend.ts'
import { openPostgresStore, POSTGRES_MIGRATIONS, type PostgresOptions } from '../../../src/store/postgres/open.ts'
import { createPool } from '../../../src/store/postgres/pool.ts'
import { heartbeat } from '../../../src/store/queries/claims.ts'
import { PER_TENANT, type Tables } from '../../../src/store/tables.ts'
import { accepted, newTenant } from '../../contracts/store-samples.ts'
import { createDatabase, type PostgresDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'

describe.skipIf(!postgresIsWanted)('PostgreSQL', () => {
  let database: PostgresDatabase
  beforeAll(async () => {
    database = await createDatabase()
    const store = openPostgresStore(database.options())
    await store.migrate()
    await store.close()
  })
  afterAll(() => database?.drop())

  function backend(given: Partial<PostgresOptions> = {}): Backend {
    const pool = createPool(database.options(given))
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
    const made = createPostgresBackend(db, POSTGRES_MIGRATIONS)
    onTestFinished(() => made.close())
    return made
  }
  function opened(given: Partial<PostgresOptions> = {}) {
    const store = openPostgresStore(database.options(given))
    onTestFinished(() => store.close())
    return store
  }
  async function admin(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: database.url })
    client.on('error', () => {})
    await client.connect()
    onTestFinished(() => client.end())
    return client
  }
  const endAllConnections = (client: pg.Client) =>
    client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )

  describe.each(['as a superuser', 'as the owner of the tables'])('%s, a query that forgets its tenant', (who) => {
    async function walled() {
      if (who === 'as a superuser') return { walled: backend(), store: opened() }
      const owner = `consilium_test_owner_${process.pid}`
      const client = await admin()
      await client.query(`create role ${owner} login`)
      const own = await createDatabase()
      const creator = new pg.Client({ connectionString: own.url })
      await creator.connect()
      await creator.query(`grant all on schema public to ${owner}`)
      await creator.end()
      const options = own.options({ url: Object.assign(new URL(own.url), { username: owner }).href })
      const store = openPostgresStore(options)
      const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: createPool(options) }) })
      const made = createPostgresBackend(db, POSTGRES_MIGRATIONS)
      onTestFinished(async () => {
        await Promise.all([store.close(), made.close()])
        await own.drop()
        await client.query(`drop role ${owner}`)
      })
      await store.migrate()
      return { walled: made, store }
    }

    test('sees and changes rows of its own tenant only', async () => {
      const { walled: db, store } = await walled()
      const [mine, theirs] = [newTenant(), newTenant()]
      const [own, other] = [await accepted(store, mine), await accepted(store, theirs)]
      const seen = await db.read(mine, (trx) => trx.selectFrom('runs').select('run_id').execute())
      expect(seen).toEqual([{ run_id: own.run_id }])
      const changed = await db.write(mine, (trx) => trx.updateTable('runs').set({ owner: 'x' }).executeTakeFirst())
      expect(changed.numUpdatedRows).toBe(1n)
      await db.write(mine, (trx) => trx.deleteFrom('runs').execute())
      expect((await store.run(theirs, other.run_id))?.owner).toBe('replica-1')
      const forged = db.write(mine, (trx) =>
        trx.insertInto('audit_heads').values({ tenant: newTenant(), seq: 1, hash: '' }).execute(),
      )
      await expect(forged).rejects.toThrow(/row-level security/)
      expect(await db.read('', (trx) => trx.selectFrom('runs').select('run_id').execute())).toEqual([])
    })
  })

  test('the role of the service adds to the audit and moves heads, and can neither change nor delete entries', async () => {
    const client = await admin()
    const store = opened()
    const db = backend()
    const tenant = newTenant()
    await accepted(store, tenant)
    const refused = [
      (trx: Db) => trx.updateTable('audit').set({ actor: 'x' }).execute(),
      (trx: Db) => trx.deleteFrom('audit').execute(),
      (trx: Db) => trx.deleteFrom('audit_heads').execute(),
      (trx: Db) => sql`truncate audit`.execute(trx),
    ]
    const tryAll = async () => {
      for (const meddle of refused)
        await expect(db.write(tenant, async (trx) => void (await meddle(trx)))).rejects.toThrow(/permission denied/)
    }
    await tryAll()
    // As an earlier version left it.
    await client.query('grant select, insert, update, delete on audit, audit_heads to consilium_service')
    await store.migrate()
    await tryAll()
    await accepted(store, tenant)
    expect(await store.auditLinks(tenant, 0, 10)).toHaveLength(2)
    await store.auditHeads()
  })

  test('no entry gets a number below one', async () => {
    const tenant = newTenant()
    await accepted(opened(), tenant)
    const forge = (seq: number) =>
      admin().then((client) =>
        client.query(
          'insert into audit select tenant, $1, at, actor, action, object, outcome, details, prev_hash, hash from audit where tenant = $2',
          [seq, tenant],
        ),
      )
    for (const seq of [0, -5]) await expect(forge(seq)).rejects.toThrow(/audit_seq_from_one/)
  })

  test('every table whose rows belong to a tenant stands behind a wall, for its owner too', async () => {
    const { rows } = await (await admin()).query(`
      select c.relname as name, c.relrowsecurity and c.relforcerowsecurity and p.polname is not null as walled
      from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_policy p on p.polrelid = c.oid
      where a.attname = 'tenant' and c.relkind = 'r' order by 1`)
    expect(rows).toEqual([...PER_TENANT].sort().map((name) => ({ name, walled: true })))
  })

  test('I03: connections ended by the server, idle or at work, are told of and replaced; the process lives', async () => {
    const told: Error[] = []
    const store = opened({ onError: (error) => void told.push(error) })
    const db = backend({ onError: (error) => void told.push(error) })
    const client = await admin()
    await accepted(store, newTenant())
    const asleep = db.read('t', (trx) => sql`select pg_sleep(30)`.execute(trx)).catch((error) => error)
    await expect
      .poll(
        async () =>
          (
            await client.query(
              "select 1 from pg_stat_activity where query like '%pg_sleep(30)%' and pid <> pg_backend_pid()",
            )
          ).rowCount,
      )
      .toBe(1)
    await endAllConnections(client)
    expect(await asleep).toMatchObject({ name: 'StoreError', fault: 'unavailable' })
    await expect.poll(() => told.length).toBeGreaterThan(0)
    expect(await accepted(store, newTenant())).toMatchObject({ epoch: 1 })
  })

  test('I03: a server that is not there is `unavailable`, for every method', async () => {
    const store = openPostgresStore(database.options({ url: 'postgres://postgres@127.0.0.1:1/x' }))
    onTestFinished(() => store.close())
    for (const call of [
      () => store.ping(),
      () => store.run('t', 'r'),
      () => accepted(store, 't'),
      () => store.migrate(),
    ])
      await expect(call()).rejects.toMatchObject({ name: 'StoreError', fault: 'unavailable' })
  })

  test('I04: a statement that takes too long, or waits too long for a lock, ends as `busy`', async () => {
    const store = opened({ statementTimeoutMs: 200 })
    await expect(
      backend({ statementTimeoutMs: 200 }).read('t', (db) => sql`select pg_sleep(30)`.execute(db)),
    ).rejects.toMatchObject({ fault: 'busy' })
    const lease = await accepted(store, newTenant())
    const client = await admin()
    await client.query('begin; lock table runs in exclusive mode')
    await expect(store.record(lease, { at: 1, status: 'running' }, null)).rejects.toMatchObject({ fault: 'busy' })
    await client.query('rollback')
    expect(await store.record(lease, { at: 1, status: 'running' }, null)).toMatchObject({ ok: true })
  })

  test('statements that every run needs stay prepared, and go on when a migration adds a column', async () => {
    const pool = createPool(database.options({ connections: 1 }))
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
    const made = createPostgresBackend(db, POSTGRES_MIGRATIONS)
    onTestFinished(() => made.close())
    const beat = () => made.across((trx) => heartbeat(trx, 'replica-9', 1))
    await beat()
    const { rows } = await sql<{ statement: string }>`select statement from pg_prepared_statements`.execute(db)
    expect(rows.map(({ statement }) => statement)).toEqual([expect.stringMatching(/^update "runs" set "touched_at"/)])
    await (await admin()).query('alter table runs add column later text')
    expect(await beat()).toBe(0)
  })

  test('I04: the line for connections is bounded', async () => {
    const store = opened({ connections: 1, waiting: 2 })
    await store.ping()
    const answers = await Promise.allSettled(Array.from({ length: 6 }, () => store.run('t', 'r')))
    const refused = answers.filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(3)
    expect(refused[0]).toMatchObject({ reason: { fault: 'unavailable', message: expect.stringContaining('Too many') } })
  })

  test('I04: a deadlock is undone for one and repeated by itself', async () => {
    const db = backend()
    const store = opened()
    const [a, b] = [await accepted(store, newTenant()), await accepted(store, newTenant())]
    let inside = 0
    let tries = 0
    let release = () => {}
    const both = new Promise<void>((resolve) => {
      release = resolve
    })
    const lock = (trx: Parameters<Parameters<Backend['across']>[0]>[0], runId: string) =>
      trx.updateTable('runs').set({ owner: 'locked' }).where('run_id', '=', runId).execute()
    const cross = (first: string, second: string) =>
      db.across(async (trx) => {
        tries++
        await lock(trx, first)
        if (++inside === 2) release()
        await both
        await lock(trx, second)
      })
    await Promise.all([cross(a.run_id, b.run_id), cross(b.run_id, a.run_id)])
    expect(tries).toBe(3)
  })
})
