import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accepted, finished, newTenant, T0 } from './store-samples.ts'
import { kinds, type Subject } from './store-subjects.ts'

describe.each(kinds)('in $name, one question', ({ open }) => {
  let subject: Subject
  beforeAll(async () => {
    subject = await open()
  })
  afterAll(() => subject?.close())
  const ids = (runs: readonly { run_id: string }[]) => runs.map(({ run_id }) => run_id)

  test('finds the open runs of this owner, of others and of nobody, of all tenants, the longest untouched first', async () => {
    const { store } = subject
    const [a, b] = [newTenant(), newTenant()]
    const later = await accepted(store, a, { owner: 'me', at: T0 + 1 })
    const sooner = await accepted(store, b, { owner: 'me', at: T0 })
    const other = await accepted(store, a, { owner: 'other' })
    const free = await accepted(store, b, { owner: null })
    await finished(store, a)
    const parked = await accepted(store, a, { owner: 'me' })
    await store.record(parked, { at: T0, status: 'awaiting_approval' }, null)
    const found = await store.atWork('me', { held: 10, free: 10 })
    expect(ids(found.ours)).toEqual([sooner.run_id, later.run_id])
    expect(ids(found.others)).toEqual([other.run_id])
    expect(ids(found.free)).toEqual([free.run_id])
    expect(found.ours[0]).toEqual((await store.unfinished({ owner: 'me', limit: 1 }))[0])
    await accepted(store, a, { owner: null, at: T0 - 1 })
    const few = await store.atWork('me', { held: 1, free: 0 })
    expect(few).toMatchObject({ ours: [{ run_id: sooner.run_id }], others: [{ run_id: other.run_id }], free: [] })
  })

  test('says how far runs of several tenants are; a run of another tenant is none', async () => {
    const { store } = subject
    const [a, b] = [newTenant(), newTenant()]
    const [begun, untouched] = [await accepted(store, a), await accepted(store, b)]
    await store.record(begun, { at: T0, events: [{ event: 'e', data: null }] }, null)
    const ended = await finished(store, b, T0 + 5)
    const asked = [begun, untouched, ended, { tenant: b, run_id: begun.run_id }].map(({ tenant, run_id }) => ({
      tenant,
      run_id,
    }))
    const found = await store.progress(asked)
    expect(found).toHaveLength(3)
    expect(found).toEqual(
      expect.arrayContaining([
        { tenant: a, run_id: begun.run_id, last_event_id: 1, finished_at: null },
        { tenant: b, run_id: untouched.run_id, last_event_id: 0, finished_at: null },
        { tenant: b, run_id: ended.run_id, last_event_id: 0, finished_at: T0 + 5 },
      ]),
    )
    expect(await store.progress([])).toEqual([])
  })

  test('may be about more runs than a statement takes', async () => {
    const { store } = subject
    const tenant = newTenant()
    const lease = await accepted(store, tenant)
    const unknown = Array.from({ length: 1200 }, (_, n) => ({ tenant, run_id: `none-${n}` }))
    expect(ids(await store.progress([...unknown, { tenant, run_id: lease.run_id }]))).toEqual([lease.run_id])
  })
})
