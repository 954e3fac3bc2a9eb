import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Decision } from '../../src/store/records.ts'
import { accepted, newTenant, note, T0 } from './store-samples.ts'
import { kinds, type Subject } from './store-subjects.ts'

const decision = (given: Partial<Decision> = {}): Decision => ({
  status: 'approved',
  by: 'dr-wilson',
  at: T0 + 1,
  content: { comment: 'Fine.' },
  ...given,
})

describe.each(kinds)('approvals in $name', ({ open }) => {
  let subject: Subject
  beforeAll(async () => {
    subject = await open()
  })
  afterAll(() => subject?.close())

  async function pending(...ids: string[]) {
    const lease = await accepted(subject.store, newTenant())
    const approvals = ids.map((approval_id) => ({
      approval_id,
      task_id: 't',
      expires_at: T0 + 100,
      document: 'Draft.',
    }))
    await subject.store.record(lease, { at: T0, status: 'awaiting_approval', approvals }, note('approval.ask'))
    const decide = (id: string, given?: Partial<Decision>) =>
      subject.store.decide(lease.tenant, id, decision(given), note('approval.decide', { object: id }))
    return { lease, decide }
  }

  test('wait side by side, each with its own id', async () => {
    const { lease, decide } = await pending('a', 'b')
    expect(await decide('a')).toMatchObject({ ok: true, approval: { approval_id: 'a', status: 'approved' } })
    const [a, b] = await subject.store.approvals(lease.tenant, lease.run_id)
    expect(a).toMatchObject({ document: 'Draft.', decided_by: 'dr-wilson', decision: { comment: 'Fine.' } })
    expect(b).toEqual({
      approval_id: 'b',
      run_id: lease.run_id,
      task_id: 't',
      status: 'pending',
      created_at: T0,
      expires_at: T0 + 100,
      decided_at: null,
      decided_by: null,
      document: 'Draft.',
      decision: null,
    })
    expect(await subject.store.approval(lease.tenant, 'b')).toEqual(b)
    expect(await subject.store.approval(newTenant(), 'b')).toBeNull()
  })

  test('have exactly one decision, however many come at once; every try is in the audit', async () => {
    const { lease, decide } = await pending('a')
    const tries = await Promise.all(
      Array.from({ length: 20 }, (_, n) => decide('a', { by: `dr-${n}`, status: n % 2 ? 'approved' : 'rejected' })),
    )
    expect(tries.filter(({ ok }) => ok)).toHaveLength(1)
    expect(tries.filter((one) => !one.ok && one.reason === 'decided')).toHaveLength(19)
    const links = await subject.store.auditLinks(lease.tenant, 0, 100)
    expect(links.filter(({ outcome }) => outcome === 'refused: decided')).toHaveLength(19)
  })

  test('expire: a late decision is refused, and expiry ends them once', async () => {
    const { lease, decide } = await pending('a', 'b')
    await decide('b')
    expect(await decide('a', { at: T0 + 100 })).toEqual({ ok: false, reason: 'expired' })
    const expire = () => subject.store.expireApprovals(T0 + 100, 10, (_, id) => note('approval.expire', { object: id }))
    const ended = (await Promise.all([expire(), expire()])).flat().filter(({ tenant }) => tenant === lease.tenant)
    expect(ended).toMatchObject([{ approval: { approval_id: 'a', status: 'expired' } }])
    expect(await decide('a')).toEqual({ ok: false, reason: 'expired' })
  })

  test('are counted while somebody has to decide: not once decided, not when the run has ended', async () => {
    const before = await subject.store.waitingApprovals()
    const { lease, decide } = await pending('a', 'b', 'c')
    const count = async () => (await subject.store.waitingApprovals()).count - before.count
    expect(await count()).toBe(3)
    expect((await subject.store.waitingApprovals()).oldest_at).toBe(T0)
    await decide('a')
    expect(await count()).toBe(2)
    await subject.store.record(lease, { at: T0, finish: { status: 'cancelled', response: null } }, null)
    expect(await count()).toBe(0)
  })

  test('are not found elsewhere, and cannot be decided when the run has ended', async () => {
    const { lease, decide } = await pending('a')
    expect(await decide('other')).toEqual({ ok: false, reason: 'not_found' })
    await subject.store.record(lease, { at: T0, finish: { status: 'cancelled', response: null } }, null)
    expect(await decide('a')).toEqual({ ok: false, reason: 'run_finished' })
  })
})
