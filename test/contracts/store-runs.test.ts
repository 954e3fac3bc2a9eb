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

  test('gives a run back as it was accepted', async () => {
    const tenant = newTenant()
    const asked = newRun(tenant)
    const answer = await it().accept(asked, note('run.create'))
    expect(answer).toEqual({ kind: 'created', lease: { tenant, run_id: asked.run_id, epoch: 1 } })
    expect(await it().run(tenant, asked.run_id)).toMatchObject({
      status: 'queued',
      mode: 'async',
      owner: 'replica-1',
      created_at: T0,
      started_at: null,
      finished_at: null,
      request: asked.request,
      response: null,
    })
  })

  test('keeps one tenant from the runs of another', async () => {
    const [mine, theirs] = [newTenant(), newTenant()]
    const lease = await accepted(it(), theirs)
    expect(await it().run(mine, lease.run_id)).toBeNull()
    expect((await it().runs(mine, { limit: 10 })).runs).toEqual([])
    expect(await it().record({ ...lease, tenant: mine }, { at: T0, status: 'running' }, null)).toEqual({
      ok: false,
      reason: 'not_found',
    })
  })

  test('starts once: the first start counts after a pause', async () => {
    const lease = await accepted(it(), newTenant())
    await it().record(lease, { at: T0 + 1, status: 'running' }, null)
    await it().record(lease, { at: T0 + 2, status: 'awaiting_approval' }, null)
    await it().record(lease, { at: T0 + 3, status: 'running' }, null)
    expect(await it().run(lease.tenant, lease.run_id)).toMatchObject({ status: 'running', started_at: T0 + 1 })
  })

  test('records outcomes, events and the end in one write', async () => {
    const lease = await accepted(it(), newTenant())
    const wrote = await it().record(
      lease,
      {
        at: T0 + 5,
        outcomes: [
          { task_id: 'a', outcome: outcome('first') },
          { task_id: 'b', outcome: outcome('second') },
        ],
        events: [{ event: 'run.finished', data: { done: true } }],
        finish: { status: 'partial', response: { text: 'whole' } },
      },
      note('run.finish'),
    )
    expect(wrote).toEqual({ ok: true, last_event_id: 1, cancel_requested_at: null, kept: [] })
    expect(await it().run(lease.tenant, lease.run_id)).toMatchObject({
      status: 'partial',
      finished_at: T0 + 5,
      response: { text: 'whole' },
    })
    expect(
      (await it().tasks(lease.tenant, lease.run_id)).map(({ task_id, outcome }) => [task_id, outcome.content]),
    ).toEqual([
      ['a', 'first'],
      ['b', 'second'],
    ])
  })

  test('keeps the first outcome of a task and says so', async () => {
    const lease = await accepted(it(), newTenant())
    const one = (content: string) => ({ at: T0, outcomes: [{ task_id: 'a', outcome: outcome(content) }] })
    await it().record(lease, one('first'), null)
    expect(await it().record(lease, one('second'), null)).toMatchObject({ ok: true, kept: ['a'] })
    const [task] = await it().tasks(lease.tenant, lease.run_id)
    expect(task?.outcome).toEqual(outcome('first'))
  })

  test('refuses a second end', async () => {
    const lease = await finished(it(), newTenant())
    const again = await it().record(lease, { at: T0, finish: { status: 'failed', response: null } }, null)
    expect(again).toEqual({ ok: false, reason: 'finished' })
    expect(await it().run(lease.tenant, lease.run_id)).toMatchObject({ status: 'succeeded' })
  })

  test('fences off who was claimed away, and leaves nothing of their write', async () => {
    const old = await accepted(it(), newTenant())
    const claimed = await it().claim(old, 'replica-2', T0 + 1, note('run.claim'))
    expect(claimed).toEqual({ ok: true, lease: { ...old, epoch: 2 } })
    const late = await it().record(
      old,
      { at: T0, outcomes: [{ task_id: 'a', outcome: outcome('late') }], events: [{ event: 'x', data: 1 }] },
      null,
    )
    expect(late).toEqual({ ok: false, reason: 'stale' })
    expect(await it().tasks(old.tenant, old.run_id)).toEqual([])
    expect(await it().events(old.tenant, old.run_id, 0, 10)).toEqual([])
    expect(await it().claim(old, 'replica-3', T0, null)).toEqual({ ok: false, reason: 'stale' })
  })

  test('gives a released run back to the queue', async () => {
    const lease = await accepted(it(), newTenant())
    await it().record(lease, { at: T0, status: 'running' }, null)
    const released = await it().release(lease, T0 + 1)
    expect(released).toMatchObject({ ok: true, lease: { epoch: 2 } })
    expect(await it().run(lease.tenant, lease.run_id)).toMatchObject({ status: 'queued', owner: null })
  })

  test('asks the owner of a run to cancel, once', async () => {
    const lease = await accepted(it(), newTenant())
    const ask = (at: number) => it().requestCancel(lease.tenant, lease.run_id, note('run.cancel', { at }))
    expect(await ask(T0 + 1)).toEqual({ ok: true, status: 'queued', epoch: 1 })
    await ask(T0 + 2)
    expect(await it().record(lease, { at: T0 }, null)).toMatchObject({ cancel_requested_at: T0 + 1 })
    expect(await it().requestCancel(newTenant(), lease.run_id, note('run.cancel'))).toEqual({
      ok: false,
      reason: 'not_found',
    })
    const done = await finished(it(), lease.tenant)
    expect(await it().requestCancel(done.tenant, done.run_id, note('run.cancel'))).toEqual({
      ok: false,
      reason: 'finished',
    })
  })

  test('lists unfinished runs, by owner and by sign of life', async () => {
    const owner = newTenant()
    const tenant = newTenant()
    const [first, second, paused] = [
      await accepted(it(), tenant, { owner, at: T0 }),
      await accepted(it(), newTenant(), { owner, at: T0 + 10 }),
      await accepted(it(), tenant, { owner, at: T0 + 20 }),
    ] as const
    await it().record(paused, { at: T0 + 20, status: 'awaiting_approval' }, null)
    await finished(it(), tenant)
    const ids = async (untouched_since?: number) =>
      (await it().unfinished({ owner, limit: 10, ...(untouched_since !== undefined && { untouched_since }) })).map(
        ({ run_id }) => run_id,
      )
    expect(await ids()).toEqual([first.run_id, second.run_id])
    expect(await ids(T0 + 5)).toEqual([first.run_id])
    expect(await it().heartbeat(owner, T0 + 30)).toBe(2)
    expect(await ids(T0 + 30)).toEqual([])
  })

  test('finds what others have, however much waits for anybody', async () => {
    const [me, other] = [newTenant(), newTenant()]
    const tenant = newTenant()
    for (const owner of [null, null, me]) await accepted(it(), tenant, { owner, at: T0 })
    const theirs = await accepted(it(), tenant, { owner: other, at: T0 + 1_000_000 })
    const found = await it().unfinished({ others_than: me, limit: 10_000 })
    const ours = found.filter((run) => run.tenant === tenant)
    expect(ours.map(({ run_id }) => run_id)).toEqual([theirs.run_id])
    expect(found.filter(({ owner }) => owner === null || owner === me)).toEqual([])
  })

  test('holds any text: U+0000, half a character, all of Unicode', async () => {
    const text = 'a\0b \ud800 \udc00 \u{1F9E0} 患者 "quoted" \\u0000'
    const lease = await accepted(it(), newTenant(), { request: { text } })
    await it().record(lease, { at: T0, finish: { status: 'failed', response: [text] } }, null)
    expect(await it().run(lease.tenant, lease.run_id)).toMatchObject({ request: { text }, response: [text] })
  })

  test.each(['a\0b', 'a\ud800'])('refuses an id that no database can hold: %j', async (run_id) => {
    const tenant = newTenant()
    const [bad, good] = await Promise.allSettled([
      it().accept(newRun(tenant, { run_id }), note('run.create')),
      accepted(it(), tenant),
    ])
    expect(bad).toMatchObject({ status: 'rejected', reason: { name: 'StoreError', fault: 'unstorable' } })
    expect(good).toMatchObject({ status: 'fulfilled' })
  })
})
