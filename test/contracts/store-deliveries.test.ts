import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Store } from '../../src/store/port.ts'
import { accepted, newTenant, T0 } from './store-samples.ts'
import { kinds, type Subject } from './store-subjects.ts'

const URL_OF_HOOK = 'https://hooks.example/runs?token=secret'
const LEASE = 1000

async function ended(store: Store, tenant: string, webhook: string | null = URL_OF_HOOK) {
  const lease = await accepted(store, tenant, { webhook })
  await store.record(lease, { at: T0, finish: { status: 'partial', response: null } }, null)
  return lease
}

describe.each(kinds)('a store in $name', ({ open }) => {
  let subject: Subject
  beforeAll(async () => {
    subject = await open()
  })
  // Deliveries of all tenants are asked for at once: none may be left to the next test.
  afterEach(async () => {
    for (const due of await it().dueDeliveries(Number.MAX_SAFE_INTEGER, T0, 1000)) await it().delivered(due, T0)
  })
  afterAll(() => subject?.close())
  const it = () => subject.store
  const due = (at = T0, limit = 100) => it().dueDeliveries(at, at + LEASE, limit)

  test('makes a delivery with the end of a run that has a webhook', async () => {
    const tenant = newTenant()
    const lease = await accepted(it(), tenant, { webhook: URL_OF_HOOK })
    await it().record(lease, { at: T0, status: 'running' }, null)
    expect(await it().deliveries(tenant, lease.run_id)).toEqual([])
    await it().record(lease, { at: T0 + 5, finish: { status: 'partial', response: null } }, null)
    const key = { tenant, run_id: lease.run_id, event: 'run.finished' }
    expect(await it().deliveries(tenant, lease.run_id)).toEqual([
      {
        ...key,
        status: 'pending',
        attempts: 0,
        next_at: T0 + 5,
        last_error: null,
        created_at: T0 + 5,
        delivered_at: null,
      },
    ])
    expect(await due(T0 + 4)).toEqual([])
    expect(await due(T0 + 5)).toEqual([
      {
        ...key,
        attempts: 1,
        created_at: T0 + 5,
        workflow_type: 'discharge_summary',
        run_status: 'partial',
        webhook: { url: URL_OF_HOOK },
      },
    ])
  })

  test('makes none without a webhook, none for an end that is refused, and one however often it is written', async () => {
    const tenant = newTenant()
    const silent = await ended(it(), tenant, null)
    expect(await it().deliveries(tenant, silent.run_id)).toEqual([])
    const lease = await accepted(it(), tenant, { webhook: URL_OF_HOOK })
    const end = { at: T0, finish: { status: 'failed' as const, response: null } }
    await it().record({ ...lease, epoch: 7 }, end, null)
    expect(await it().deliveries(tenant, lease.run_id)).toEqual([])
    await Promise.all([1, 2, 3].map(() => it().record(lease, end, null)))
    expect(await it().deliveries(tenant, lease.run_id)).toHaveLength(1)
  })

  test('keeps the webhook of a run that another process takes over', async () => {
    const seen = await accepted(it(), newTenant(), { webhook: URL_OF_HOOK })
    const claimed = await it().claim(seen, 'replica-2', T0, null)
    if (!claimed.ok) throw new Error(claimed.reason)
    await it().record(claimed.lease, { at: T0, finish: { status: 'succeeded', response: null } }, null)
    expect(await due()).toMatchObject([{ run_id: seen.run_id, webhook: { url: URL_OF_HOOK } }])
  })

  test('gives each delivery to one of many who ask at once, the longest due first', async () => {
    const runs = await Promise.all(Array.from({ length: 12 }, () => ended(it(), newTenant())))
    const taken = (await Promise.all(Array.from({ length: 6 }, () => due(T0, 3)))).flat()
    const rest = await due()
    expect([...taken, ...rest].map(({ run_id }) => run_id).sort()).toEqual(runs.map(({ run_id }) => run_id).sort())
    const [first] = taken
    if (first === undefined) throw new Error('nothing taken')
    await it().failedDelivery(first, 'http_500', T0 - 1)
    await ended(it(), newTenant())
    expect(await due(T0, 1)).toMatchObject([{ run_id: first.run_id }])
  })

  test('gives a delivery out again when whoever took it does not come back, as a further attempt', async () => {
    const { run_id } = await ended(it(), newTenant())
    expect(await due()).toMatchObject([{ run_id, attempts: 1 }])
    expect(await due(T0 + LEASE - 1)).toEqual([])
    expect(await due(T0 + LEASE)).toMatchObject([{ run_id, attempts: 2 }])
  })

  test('sends nothing more once it arrived', async () => {
    const tenant = newTenant()
    const { run_id } = await ended(it(), tenant)
    const [taken] = await due()
    if (taken === undefined) throw new Error('nothing due')
    await it().delivered(taken, T0 + 3)
    await it().delivered(taken, T0 + 9)
    await it().failedDelivery(taken, 'timeout', T0 + 9)
    expect(await due(T0 + 1_000_000)).toEqual([])
    expect(await it().deliveries(tenant, run_id)).toMatchObject([
      { status: 'delivered', attempts: 1, next_at: null, last_error: null, delivered_at: T0 + 3 },
    ])
  })

  test('tries again when it was told to, and never after it was given up', async () => {
    const tenant = newTenant()
    const { run_id } = await ended(it(), tenant)
    const [first] = await due()
    if (first === undefined) throw new Error('nothing due')
    await it().failedDelivery(first, 'http_500', T0 + 50)
    expect(await due(T0 + 49)).toEqual([])
    const [second] = await due(T0 + 50)
    if (second === undefined) throw new Error('nothing due')
    await it().failedDelivery(second, 'timeout', null)
    expect(await due(T0 + 1_000_000)).toEqual([])
    expect(await it().deliveries(tenant, run_id)).toMatchObject([
      { status: 'given_up', attempts: 2, next_at: null, last_error: 'timeout', delivered_at: null },
    ])
  })

  test('hears from who lost a delivery that it arrived, but not that it failed', async () => {
    const tenant = newTenant()
    const { run_id } = await ended(it(), tenant)
    const [lost] = await due()
    const [current] = await due(T0 + LEASE)
    if (lost === undefined || current === undefined) throw new Error('nothing due')
    await it().failedDelivery(lost, 'timeout', null)
    expect(await it().deliveries(tenant, run_id)).toMatchObject([{ status: 'pending', last_error: null }])
    await it().delivered(lost, T0 + 2)
    expect(await it().deliveries(tenant, run_id)).toMatchObject([{ status: 'delivered' }])
  })

  test('keeps one tenant from the deliveries of another', async () => {
    const [mine, theirs] = [newTenant(), newTenant()]
    const { run_id } = await ended(it(), theirs)
    expect(await it().deliveries(mine, run_id)).toEqual([])
    await it().delivered({ tenant: mine, run_id, event: 'run.finished' }, T0)
    expect(await it().deliveries(theirs, run_id)).toMatchObject([{ status: 'pending' }])
  })
})
