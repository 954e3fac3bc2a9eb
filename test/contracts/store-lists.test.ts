import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accepted, finished, newRun, newTenant, note, outcome, T0 } from './store-samples.ts'
import { kinds, type Subject } from './store-subjects.ts'

describe.each(kinds)('a store in $name', ({ open }) => {
  let subject: Subject
  beforeAll(async () => {
    subject = await open()
  })
  afterAll(() => subject?.close())
  const it = () => subject.store

  test('lists runs newest first, page by page, with runs of one time neither lost nor shown twice', async () => {
    const tenant = newTenant()
    for (let at = 0; at < 7; at++) await accepted(it(), tenant, { at: T0 + Math.floor(at / 3) })
    const seen: { run_id: string; created_at: number }[] = []
    let cursor: string | null | undefined
    do {
      const page = await it().runs(tenant, { limit: 2, ...(cursor && { cursor }) })
      seen.push(...page.runs)
      cursor = page.next_cursor
    } while (cursor !== null)
    expect(new Set(seen.map(({ run_id }) => run_id)).size).toBe(7)
    expect(seen.map(({ created_at }) => created_at - T0)).toEqual([2, 1, 1, 1, 0, 0, 0])
  })

  test('filters by status and workflow', async () => {
    const tenant = newTenant()
    await accepted(it(), tenant)
    await accepted(it(), tenant, { workflow_type: 'lab_report' })
    await finished(it(), tenant)
    const count = async (filter: object) => (await it().runs(tenant, { limit: 10, ...filter })).runs.length
    expect(await count({})).toBe(3)
    expect(await count({ status: 'queued' })).toBe(2)
    expect(await count({ status: 'queued', workflow_type: 'lab_report' })).toBe(1)
    expect(await count({ status: 'cancelled' })).toBe(0)
  })

  test.each(['', 'x', 'W10', 'WyJhIiwxXQ'])('refuses a cursor that it did not give out: %j', async (cursor) => {
    await expect(it().runs(newTenant(), { limit: 2, cursor })).rejects.toMatchObject({ fault: 'bad_cursor' })
  })

  test('numbers the events of each run from 1 without a gap, and reads them after an id', async () => {
    const lease = await accepted(it(), newTenant())
    const append = (count: number) =>
      it().record(
        lease,
        { at: T0, events: Array.from({ length: count }, () => ({ event: 'e', data: { count } })) },
        null,
      )
    await Promise.all([append(2), append(1), append(3), append(2)])
    const all = await it().events(lease.tenant, lease.run_id, 0, 100)
    expect(all.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(await it().events(lease.tenant, lease.run_id, 3, 2)).toEqual(all.slice(3, 5))
    expect(all[0]).toEqual({ id: 1, event: 'e', at: T0, data: { count: expect.any(Number) } })
  })

  test('takes more outcomes and events in one write than a statement can', async () => {
    const lease = await accepted(it(), newTenant())
    const outcomes = Array.from({ length: 6000 }, (_, n) => ({ task_id: `t${n}`, outcome: outcome('x') }))
    const events = outcomes.map(({ task_id }) => ({ event: 'task.succeeded', data: { task_id } }))
    expect(await it().record(lease, { at: T0, outcomes, events }, null)).toMatchObject({
      last_event_id: 6000,
      kept: [],
    })
    expect(await it().tasks(lease.tenant, lease.run_id)).toHaveLength(6000)
    expect((await it().events(lease.tenant, lease.run_id, 5999, 9)).map(({ id }) => id)).toEqual([6000])
  })

  test('answers the same key and body with the same run, another body with a mismatch', async () => {
    const tenant = newTenant()
    const ask = (given: object) => {
      const run = newRun(tenant, { idempotency_key: 'key', ...given })
      return it().accept(run, note('run.create', { object: `run/${run.run_id}` }))
    }
    const first = await ask({})
    if (first.kind !== 'created') throw new Error('not created')
    const { run_id } = first.lease
    expect(await ask({})).toEqual({ kind: 'replayed', run_id })
    expect(await ask({ request_hash: 'body-2' })).toEqual({ kind: 'mismatch', run_id })
    expect(await it().idempotent(tenant, 'key')).toEqual({ run_id, body_hash: 'body-1' })
    expect(await it().idempotent(newTenant(), 'key')).toBeNull()
    expect((await it().runs(tenant, { limit: 10 })).runs).toHaveLength(1)
    const outcomes = (await it().auditLinks(tenant, 0, 10)).map(({ object, outcome }) => [object, outcome])
    expect(outcomes).toEqual([
      [`run/${run_id}`, 'ok'],
      [`run/${run_id}`, 'replayed'],
      [`run/${run_id}`, 'mismatch'],
    ])
  })

  test('deletes old finished runs with all that is theirs, and nothing else', async () => {
    const tenant = newTenant()
    const LONG_AGO = T0 - 1_000_000
    const webhook = 'https://hooks.example/x'
    const old = await accepted(it(), tenant, { idempotency_key: 'k', webhook, at: LONG_AGO })
    await it().record(
      old,
      {
        at: LONG_AGO,
        outcomes: [{ task_id: 'a', outcome: outcome('x') }],
        events: [{ event: 'e', data: 1 }],
        approvals: [{ approval_id: 'p', task_id: null, expires_at: T0, document: 'd' }],
        finish: { status: 'failed', response: null },
      },
      null,
    )
    const young = await finished(it(), tenant, LONG_AGO + 100)
    const open = await accepted(it(), tenant, { at: LONG_AGO })
    const deleted = await it().deleteFinished(LONG_AGO + 100, 100, () => note('retention'))
    expect(deleted).toEqual({
      runs: 1,
      tasks: 1,
      events: 1,
      approvals: 1,
      idempotency_keys: 1,
      webhook_deliveries: 1,
    })
    expect(await it().run(tenant, old.run_id)).toBeNull()
    expect(await it().run(tenant, young.run_id)).not.toBeNull()
    expect(await it().run(tenant, open.run_id)).not.toBeNull()
    const last = (await it().auditLinks(tenant, 0, 100)).at(-1)
    expect(last).toMatchObject({ action: 'retention', outcome: 'ok' })
    expect(JSON.parse(last?.details ?? '')).toMatchObject({ runs: 1 })
  })

  test('says that its schema is whole', async () => {
    expect(await it().schema()).toEqual({ pending: [], newer: [] })
    expect(await it().migrate()).toEqual([])
    await it().ping()
  })

  test('tries a write, again and again, and leaves nothing of it', async () => {
    const before = await it().auditHeads()
    for (let n = 0; n < 2; n++) await it().tryWrite()
    expect(await it().events('~service', 'try-write', -1, 10)).toEqual([])
    expect(await it().auditHeads()).toEqual(before)
  })
})
