import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { measure } from '../../../src/results/timing.ts'
import { anyRun, attempt, cancelled, DISCHARGE, failed, outcome, planOf, skipped } from './fixtures.ts'

const took = (latency_ms: number, fields = {}) => outcome({ latency_ms, ...fields })

describe('what running in parallel gained', () => {
  test('1100 ms beside 1000 ms in 1250 ms is a speed-up of 1.68 at 0.84 efficiency', () => {
    expect(measure(DISCHARGE, [took(1100), took(1000)], 1250)).toEqual({
      total_latency_ms: 1250,
      sequential_time_ms: 2100,
      speedup_factor: 1.68,
      ideal_speedup: 1.9091,
      parallel_efficiency: 0.84,
      critical_path_ms: 1100,
      critical_path: ['clinical_summary'],
      queue_time_ms: 0,
      retry_time_ms: 0,
      overhead_ms: 150,
      slowest_path: ['clinical_summary'],
      slowest_path_ms: 1100,
      service_ms: 150,
    })
  })

  test('a chain of two gains nothing, and its overhead is what the tasks did not take', () => {
    const plan = planOf([{ task_id: 'a' }, { task_id: 'b', dependencies: ['a'] }])
    const timing = measure(plan, [took(300), took(200)], 501.2345)
    expect(timing).toMatchObject({ critical_path: ['a', 'b'], critical_path_ms: 500, ideal_speedup: 1 })
    expect(timing.overhead_ms).toBe(1.235)
    expect(timing.speedup_factor).toBe(0.9975)
  })

  test('efficiency never passes 1, however few lanes the plan needs', () => {
    expect(measure({ ...DISCHARGE, lanes_used: 1 }, [took(900), took(900)], 1000).parallel_efficiency).toBe(1)
  })

  test('waiting and retrying off the critical path are not counted', () => {
    const outcomes = [took(1000, { queue_ms: 40, retry_ms: 7 }), took(10, { queue_ms: 500, retry_ms: 300 })]
    expect(measure(DISCHARGE, outcomes, 1050)).toMatchObject({ queue_time_ms: 40, retry_time_ms: 7, overhead_ms: 3 })
  })

  test('an overhead that is zero but for rounding is 0, not -0', () => {
    expect(measure(DISCHARGE, [took(0.1 + 0.2), took(0)], 0.3).overhead_ms).toBe(0)
  })
})

describe('the slowest path, and what the service itself cost', () => {
  test('another branch that retried until it gave up decided the wall time: that is not ours', () => {
    const billing = failed('upstream_timeout', { latency_ms: 7000, retry_ms: 8000, queue_ms: 2 })
    const timing = measure(DISCHARGE, [took(2541), billing], 15_010)
    expect(timing).toMatchObject({ critical_path: ['clinical_summary'], overhead_ms: 12_469 })
    expect(timing).toMatchObject({ slowest_path: ['billing_codes'], slowest_path_ms: 15_002, service_ms: 8 })
  })

  test('goes through waiting and retries of a whole chain', () => {
    const plan = planOf([{ task_id: 'a' }, { task_id: 'b' }, { task_id: 'c', dependencies: ['a'] }])
    const timing = measure(plan, [took(100, { queue_ms: 300 }), took(350), took(50, { retry_ms: 20 })], 475)
    expect(timing).toMatchObject({ slowest_path: ['a', 'c'], slowest_path_ms: 470, service_ms: 5 })
    expect(measure(plan, [took(100), took(350), took(50)], 355)).toMatchObject({ slowest_path: ['b'], service_ms: 5 })
  })

  test('a task that was skipped is on no path, one that waited for a permit in vain is', () => {
    const plan = planOf([{ task_id: 'a' }, { task_id: 'b', dependencies: ['a'] }])
    const late = failed('task_timeout', { latency_ms: 0, queue_ms: 500 })
    expect(measure(plan, [late, skipped('a')], 501)).toMatchObject({ slowest_path: ['a'], service_ms: 1 })
  })

  test('an attempt that stands in latency and in retries counts once', () => {
    const attempts = [attempt({ outcome: 'upstream_error', asked_at_ms: 10, started_at_ms: 10, ended_at_ms: 510 })]
    const full = failed('queue_full', { latency_ms: 500, retry_ms: 500, ended_at_ms: 511, attempts })
    expect(measure(DISCHARGE, [took(100), full], 512)).toMatchObject({ slowest_path_ms: 501, service_ms: 11 })
  })

  test('is never less than nothing', () => {
    expect(measure(DISCHARGE, [took(100.0004), took(1)], 100)).toMatchObject({ service_ms: 0 })
  })
})

describe('tasks that did not succeed', () => {
  test('nothing succeeded: no path, and every ratio is 0', () => {
    expect(measure(DISCHARGE, [failed(), failed()], 80)).toMatchObject({
      sequential_time_ms: 0,
      speedup_factor: 0,
      ideal_speedup: 0,
      parallel_efficiency: 0,
      critical_path_ms: 0,
      critical_path: [],
      overhead_ms: 80,
    })
  })

  test('a failed task counts nowhere, however long it took', () => {
    const timing = measure(DISCHARGE, [took(100), failed('upstream_timeout', { latency_ms: 9000 })], 9010)
    expect(timing).toMatchObject({
      sequential_time_ms: 100,
      critical_path: ['clinical_summary'],
      critical_path_ms: 100,
    })
  })

  test('a failure in the middle ends the path before it: the rest of its branch never ran', () => {
    const plan = planOf([
      { task_id: 'a' },
      { task_id: 'b', dependencies: ['a'] },
      { task_id: 'c', dependencies: ['b'] },
      { task_id: 'd', dependencies: ['a'] },
    ])
    const timing = measure(plan, [took(50), failed(), skipped('b'), took(20)], 200)
    expect(timing).toMatchObject({ critical_path: ['a', 'd'], critical_path_ms: 70 })
  })

  test('a cancelled task is not on the path', () => {
    expect(measure(DISCHARGE, [cancelled(), took(30)], 40).critical_path).toEqual(['billing_codes'])
  })
})

describe('for any run', () => {
  test('the critical path is one unbroken chain of succeeded tasks, no longer than all of them in a row', () => {
    fc.assert(
      fc.property(anyRun, ({ plan, outcomes }) => {
        const { critical_path, critical_path_ms, sequential_time_ms } = measure(plan, outcomes, 5000)
        const at = (task_id: string | undefined) => plan.tasks.findIndex((task) => task.task_id === task_id)
        critical_path.forEach((task_id, place) => {
          expect(outcomes[at(task_id)]?.status).toBe('succeeded')
          if (place > 0) expect(plan.tasks[at(task_id)]?.dependencies).toContain(critical_path[place - 1])
        })
        const sum = critical_path.reduce((total, task_id) => total + (outcomes[at(task_id)]?.latency_ms ?? 0), 0)
        expect(critical_path_ms).toBeCloseTo(sum, 2)
        expect(critical_path_ms).toBeLessThanOrEqual(sequential_time_ms + 0.001)
      }),
    )
  })

  test('no succeeded chain is longer than the critical path', () => {
    fc.assert(
      fc.property(anyRun, ({ plan, outcomes }) => {
        const longest = (index: number): number => {
          const own = outcomes[index]
          if (own?.status !== 'succeeded') return 0
          return own.latency_ms + Math.max(0, ...(plan.graph.dependencies[index] ?? []).map(longest))
        }
        const expected = Math.max(...plan.tasks.map((_, index) => longest(index)))
        expect(measure(plan, outcomes, 5000).critical_path_ms).toBeCloseTo(expected, 2)
      }),
    )
  })

  test('no chain of tasks spent more than the slowest path, which is one chain of the graph', () => {
    fc.assert(
      fc.property(anyRun, ({ plan, outcomes }) => {
        const spent = (index: number): number => {
          const { status, queue_ms = 0, retry_ms = 0, latency_ms = 0 } = outcomes[index] ?? {}
          const own = queue_ms + retry_ms + latency_ms
          if (own === 0 && status !== 'succeeded') return 0
          return own + Math.max(0, ...(plan.graph.dependencies[index] ?? []).map(spent))
        }
        const { slowest_path, slowest_path_ms, critical_path_ms } = measure(plan, outcomes, 5000)
        expect(slowest_path_ms).toBeCloseTo(Math.max(...plan.tasks.map((_, index) => spent(index))), 2)
        expect(slowest_path_ms).toBeGreaterThanOrEqual(critical_path_ms)
        slowest_path.slice(1).forEach((task_id, at) => {
          const task = plan.tasks.find((one) => one.task_id === task_id)
          expect(task?.dependencies).toContain(slowest_path[at])
        })
      }),
    )
  })

  test('efficiency lies between 0 and 1 and the parts of the total add up', () => {
    fc.assert(
      fc.property(anyRun, fc.double({ min: 0, max: 1e5, noNaN: true }), ({ plan, outcomes }, total) => {
        const timing = measure(plan, outcomes, total)
        expect(timing.parallel_efficiency).toBeGreaterThanOrEqual(0)
        expect(timing.parallel_efficiency).toBeLessThanOrEqual(1)
        const parts = timing.critical_path_ms + timing.queue_time_ms + timing.retry_time_ms + timing.overhead_ms
        expect(Math.abs(parts - timing.total_latency_ms)).toBeLessThan(0.01)
      }),
    )
  })

  test('a chain of 20,000 tasks is measured without running out of stack', () => {
    const tasks = Array.from({ length: 20_000 }, (_, index) => ({
      task_id: `t${index}`,
      dependencies: index === 0 ? [] : [`t${index - 1}`],
    }))
    const timing = measure(
      planOf(tasks),
      tasks.map(() => took(1)),
      20_000,
    )
    expect(timing.critical_path).toHaveLength(20_000)
    expect(timing.critical_path_ms).toBe(20_000)
  })
})
