import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import type { WaitingApprovals } from '../../../src/store/records.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { ApprovalMetrics } from '../../../src/telemetry/approval-metrics.ts'
import { countedDecisions } from '../../../src/telemetry/counted-decisions.ts'
import { accepted, newTenant, note, T0 } from '../../contracts/store-samples.ts'

function arranged(now = () => 100_000) {
  const registry = new Registry()
  const metrics = new ApprovalMetrics('c_', registry, now)
  const samples = async () =>
    (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return { metrics, samples }
}

const NONE = ['c_approvals_decided_total{decision="approved"} 0', 'c_approvals_decided_total{decision="rejected"} 0']

test('what nobody has asked the store about has no sample', async () => {
  const { samples } = arranged()
  expect(await samples()).toEqual([...NONE, 'c_approvals_decided_total{decision="expired"} 0'])
})

test('the store is asked once for all who look within a while', async () => {
  const { metrics, samples } = arranged()
  let asked = 0
  metrics.ask(async () => ({ count: ++asked, oldest_at: 40_000 }))
  const [first, second] = await Promise.all([samples(), samples()])
  expect(second).toEqual(first)
  expect(await samples()).toEqual(first)
  expect(first).toContain('c_approvals_pending 1')
  expect(first).toContain('c_approvals_oldest_pending_seconds 60')
  expect(asked).toBe(1)
})

test('a store that fails leaves no number, and is asked again', async () => {
  const { metrics, samples } = arranged()
  let down = true
  metrics.ask(async () => {
    if (down) throw new Error('away')
    return { count: 0, oldest_at: null }
  })
  expect((await samples()).join()).not.toContain('approvals_pending')
  down = false
  expect(await samples()).toEqual(
    expect.arrayContaining(['c_approvals_pending 0', 'c_approvals_oldest_pending_seconds 0']),
  )
})

test('a store that hangs does not keep the other metrics back', async () => {
  const { metrics, samples } = arranged()
  const late = Promise.withResolvers<WaitingApprovals>()
  metrics.ask(() => late.promise)
  expect((await samples()).join()).toContain('approvals_decided_total')
  late.resolve({ count: 3, oldest_at: null })
  await late.promise
  expect(await samples()).toContain('c_approvals_pending 3')
})

test('decisions are counted where they are recorded, each once', async () => {
  const { metrics, samples } = arranged()
  const store = countedDecisions(openSqliteStore({ folder: null, keys: null }), metrics)
  await store.migrate()
  const lease = await accepted(store, newTenant())
  const ask = (approval_id: string) => ({ approval_id, task_id: null, expires_at: T0 + 100, document: {} })
  const approvals = ['a', 'b', 'c'].map(ask)
  await store.record(lease, { at: T0, status: 'awaiting_approval', approvals }, null)
  const decide = (id: string, status: 'approved' | 'rejected') =>
    store.decide(lease.tenant, id, { status, by: 'dr', at: T0 + 1, content: null }, note('approval.decide'))
  await decide('a', 'approved')
  await decide('a', 'rejected')
  await decide('b', 'rejected')
  await store.expireApprovals(T0 + 200, 10, () => note('approval.expire'))
  await store.close()
  expect((await samples()).filter((line) => line.includes('decided'))).toEqual([
    'c_approvals_decided_total{decision="approved"} 1',
    'c_approvals_decided_total{decision="rejected"} 1',
    'c_approvals_decided_total{decision="expired"} 1',
  ])
})
