import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../../src/contract/outcome.ts'
import { Distribution } from '../../../src/telemetry/distribution.ts'
import { WaitMetrics } from '../../../src/telemetry/waits.ts'
import { attempt, cancelled, failed, outcome, skipped } from '../results/fixtures.ts'

/** What one task, planned for `planned` with priority 3, is observed to have waited: series and their sums in seconds. */
function waitsOf(one: Outcome) {
  const registry = new Registry()
  const tasks = new Distribution('tasks', 'Help', ['model'], [1], registry)
  const lanes = new Distribution('lanes', 'Help', ['model', 'priority'], [1], registry)
  new WaitMetrics(tasks, lanes).taskEnded('last', { planned_model: 'planned', priority: 3 }, one)
  return Promise.all([tasks, lanes].map(sumsOf))
}

async function sumsOf(distribution: Distribution) {
  const { values } = await distribution.get()
  const sums = values.filter(({ metricName }) => metricName.endsWith('_sum'))
  return sums.map(({ labels, value }) => [...Object.values(labels), value])
}

/** A call that was asked for at `asked` and sent at `sent`, or at its end not sent. */
const call = (model: string, asked: number, sent: number | null, own: Parameters<typeof attempt>[0] = {}) =>
  attempt({ model, asked_at_ms: asked, started_at_ms: sent, ended_at_ms: (sent ?? asked) + 100, ...own })

describe('waiting for permits', () => {
  it('is told per task in all, and per call in its own lane', async () => {
    const attempts = [
      call('one', 0, 1000, { outcome: 'upstream_error' }),
      call('two', 1100, 4100, { outcome: 'upstream_error' }),
      call('last', 5000, 5000),
    ]
    expect(await waitsOf(outcome({ queue_ms: 4000, attempts }))).toEqual([
      [['last', 4]],
      [
        ['one', '3', 1],
        ['two', '3', 3],
        ['last', '3', 0],
      ],
    ])
  })

  it('of a call that was not sent is what it waited, and nothing when its permit was free', async () => {
    const open = call('one', 0, null, { outcome: 'breaker_open', ended_at_ms: 2000 })
    expect((await waitsOf(failed('breaker_open', { queue_ms: 2000, attempts: [open] })))[1]).toEqual([['one', '3', 2]])
    expect((await waitsOf(failed('breaker_open', { queue_ms: 0, attempts: [open] })))[1]).toEqual([['one', '3', 0]])
  })

  it('of a task that was given up in its first queue counts where it was planned', async () => {
    expect(await waitsOf(failed('task_timeout', { queue_ms: 7000, attempts: [] }))).toEqual([
      [['last', 7]],
      [['planned', '3', 7]],
    ])
  })

  it.each([
    ['skipped', skipped('a')],
    ['cancelled before it began', cancelled()],
    ['ended by a fault of ours', failed('internal_error', { attempts: [] })],
  ])('is nothing of a task that was %s', async (_, one) => {
    expect(await waitsOf(one)).toEqual([[], []])
  })

  it('is nothing of a second call, and of one turned away from a full lane', async () => {
    const attempts = [
      call('one', 0, 0, { outcome: 'cancelled' }),
      call('two', 50, 50, { hedge: true }),
      call('three', 60, null, { outcome: 'queue_full', ended_at_ms: 60 }),
    ]
    expect((await waitsOf(outcome({ attempts })))[1]).toEqual([['one', '3', 0]])
  })
})
