import { expect, test } from 'vitest'
import { lowerBound } from '../../../bench/simulation/bound.ts'
import { siteOf } from '../../../bench/simulation/hospital.ts'
import { policies } from '../../../bench/simulation/policies.ts'
import { createRandom } from '../../../bench/simulation/random.ts'
import { type SimRun, withRanks } from '../../../bench/simulation/run.ts'
import { type Site, simulate } from '../../../bench/simulation/simulate.ts'
import { burst } from '../../../bench/simulation/workload.ts'
import { buildGraph, type PlanGraph } from '../../../src/plan/graph.ts'

/** Tasks one after the other, as [lane, duration]. */
const chain = (...tasks: [string, number][]): SimRun =>
  withRanks({
    arrival: 0,
    tenant: 't',
    label: 'l',
    tasks: tasks.map(([lane, duration]) => ({ lane, duration, expected: duration, priority: 0 })),
    graph: buildGraph(tasks.map((_, at) => ({ task_id: `t${at}`, dependencies: at === 0 ? [] : [`t${at - 1}`] })))
      .graph as PlanGraph,
  })
const site = (slots: number, gpu_max?: number): Site => ({
  lanes: ['a', 'b', 'c'].map((model) => ({ model, gpu: 0, slots })),
  ...(gpu_max !== undefined && { gpu_max }),
})

test.each([
  ['the work of a lane on its slots', [chain(['a', 40]), chain(['a', 40]), chain(['a', 20])], site(2), 50],
  ['the longest path', [chain(['a', 10], ['b', 10])], site(4), 20],
  ['what must follow the last of a lane', [chain(['a', 10], ['b', 5]), chain(['a', 10], ['b', 7])], site(1), 25],
  ['what must come before the first', [chain(['b', 9], ['a', 30]), chain(['b', 9], ['a', 30])], site(1), 69],
  [
    'only some of a lane’s tasks',
    [chain(['a', 1]), chain(['a', 10], ['b', 50]), chain(['a', 10], ['c', 50])],
    site(1),
    70,
  ],
  ['the cap of a GPU', [chain(['a', 10]), chain(['b', 10])], site(1, 1), 20],
])('the bound sees %s', (_, runs, where, expected) => {
  expect(lowerBound(runs, where)).toBe(expected)
})

test('the burst is the same for the same seed, whole for each policy, and near its bound under ours', () => {
  expect(burst(createRandom(3), 'averages')).toEqual(burst(createRandom(3), 'averages'))
  const runs = burst(createRandom(3), 'averages')
  expect(runs.filter(({ label }) => label === 'high')).toHaveLength(10)
  const ends = (seed: number) => simulate(burst(createRandom(seed), 'averages'), siteOf(2), policies.ours).ends
  expect(ends(3)).toEqual(ends(3))
  expect(ends(3)).not.toEqual(ends(4))
  const bound = lowerBound(runs, siteOf(2))
  for (const policy of Object.values(policies))
    expect(simulate(runs, siteOf(2), policy).makespan).toBeGreaterThanOrEqual(bound)
  expect(simulate(runs, siteOf(2), policies.ours).makespan / bound).toBeLessThan(1.05)
})
