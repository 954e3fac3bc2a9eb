import { randomBytes } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { accepted, newTenant, note, outcome, T0 } from './store-samples.ts'
import { kinds } from './store-subjects.ts'

const CANARY = 'Canary Patient 4711'

describe.each(kinds)('clinical text in $name', ({ open }) => {
  async function written(keys: { current: Uint8Array; old: Uint8Array[] } | null) {
    const subject = await open(keys)
    onTestFinished(() => subject.close())
    const tenant = newTenant()
    const lease = await accepted(subject.store, tenant, {
      request: { text: CANARY },
      idempotency_key: CANARY,
      webhook: `https://hooks.example/?token=${CANARY}`,
    })
    await subject.store.record(
      lease,
      {
        at: T0,
        outcomes: [{ task_id: 'a', outcome: outcome(CANARY) }],
        events: [{ event: 'task.delta', data: { delta: CANARY } }],
        approvals: [{ approval_id: 'p', task_id: 'a', expires_at: T0 + 9, document: CANARY }],
      },
      note('run.step'),
    )
    const content = { comment: CANARY, text: CANARY }
    await subject.store.decide(tenant, 'p', { status: 'approved', by: 'x', at: T0, content }, note('approve'))
    await subject.store.record(lease, { at: T0, finish: { status: 'failed', response: CANARY } }, null)
    return { subject, lease }
  }

  test('is nowhere in the database when there is a key, and comes back', async () => {
    const { subject, lease } = await written({ current: randomBytes(32), old: [] })
    const { tenant, run_id } = lease
    expect(await subject.rawBytes()).not.toContain(CANARY)
    expect(await subject.store.run(tenant, run_id)).toMatchObject({ request: { text: CANARY }, response: CANARY })
    expect((await subject.store.tasks(tenant, run_id))[0]?.outcome.content).toBe(CANARY)
    expect((await subject.store.events(tenant, run_id, 0, 9))[0]?.data).toEqual({ delta: CANARY })
    const [due] = await subject.store.dueDeliveries(T0, T0 + 1, 1)
    expect(due?.webhook).toEqual({ url: `https://hooks.example/?token=${CANARY}` })
    expect(await subject.store.approval(tenant, 'p')).toMatchObject({ document: CANARY, decision: { comment: CANARY } })
  })

  test('would be found if it were there: without a key it is', async () => {
    const { subject } = await written(null)
    expect(await subject.rawBytes()).toContain(CANARY)
  })
})
