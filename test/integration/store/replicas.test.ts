import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyTenant } from '../../../src/store/audit/verify-store.ts'
import type { Store } from '../../../src/store/port.ts'
import { openPostgresStore } from '../../../src/store/postgres/open.ts'
import { accepted, newRun, newTenant, note, T0 } from '../../contracts/store-samples.ts'
import { createDatabase, type PostgresDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'

describe.skipIf(!postgresIsWanted)('three replicas on one PostgreSQL', () => {
  let database: PostgresDatabase
  let stores: Store[] = []
  beforeAll(async () => {
    database = await createDatabase()
    stores = [1, 2, 3].map(() => openPostgresStore(database.options()))
    await Promise.all(stores.map((store) => store.migrate()))
  })
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()))
    await database?.drop()
  })
  const everywhere = <T>(times: number, work: (store: Store, n: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: times }, (_, n) => work(stores[n % 3] as Store, n)))

  test('write one chain of audit per tenant, without a gap', async () => {
    const tenant = newTenant()
    for (let round = 0; round < 5; round++)
      await everywhere(12, (store) => store.accept(newRun(tenant), note('run.create')))
    expect(await verifyTenant(stores[0] as Store, tenant, null)).toMatchObject({ ok: true, entries: 60 })
  })

  test('make one run of one idempotency key', async () => {
    const tenant = newTenant()
    const answers = await everywhere(12, (store) =>
      store.accept(newRun(tenant, { idempotency_key: 'k' }), note('run.create')),
    )
    expect(answers.filter(({ kind }) => kind === 'created')).toHaveLength(1)
    expect(new Set(answers.map((one) => (one.kind === 'created' ? one.lease.run_id : one.run_id))).size).toBe(1)
  })

  test('claim a run once per epoch, and end it once', async () => {
    const seen = await accepted(stores[0] as Store, newTenant())
    const claims = await everywhere(9, (store, n) => store.claim(seen, `replica-${n}`, T0, note('run.claim')))
    const won = claims.flatMap((claim) => (claim.ok ? [claim.lease] : []))
    expect(won).toEqual([{ ...seen, epoch: 2 }])
    const end = { at: T0, finish: { status: 'failed' as const, response: null } }
    const ends = await everywhere(9, (store, n) =>
      store.record({ ...seen, epoch: 1 + (n % 2) }, end, note('run.finish')),
    )
    expect(ends.filter(({ ok }) => ok)).toHaveLength(1)
  })

  test('number the events of one run without a gap', async () => {
    const lease = await accepted(stores[0] as Store, newTenant())
    await everywhere(15, (store, n) =>
      store.record(
        lease,
        { at: T0, events: Array.from({ length: 1 + (n % 3) }, () => ({ event: 'e', data: n })) },
        null,
      ),
    )
    const events = await (stores[1] as Store).events(lease.tenant, lease.run_id, 0, 100)
    expect(events.map(({ id }) => id)).toEqual(Array.from({ length: 30 }, (_, at) => at + 1))
  })

  test('decide an approval once', async () => {
    const lease = await accepted(stores[0] as Store, newTenant())
    const approvals = [{ approval_id: 'a', task_id: null, expires_at: T0 + 9, document: 'd' }]
    await (stores[0] as Store).record(lease, { at: T0, approvals }, null)
    const tries = await everywhere(9, (store, n) =>
      store.decide(lease.tenant, 'a', { status: 'approved', by: `dr-${n}`, at: T0, content: null }, note('approve')),
    )
    expect(tries.filter(({ ok }) => ok)).toHaveLength(1)
  })
})
