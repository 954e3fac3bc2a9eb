import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lowerBound } from '../../../bench/simulation/bound.ts'
import { policies } from '../../../bench/simulation/policies.ts'
import { type SimRun, withRanks } from '../../../bench/simulation/run.ts'
import { type SimCall, type Site, simulate } from '../../../bench/simulation/simulate.ts'
import { variant } from '../../../bench/simulation/variants.ts'
import { buildGraph, type PlanGraph } from '../../../src/plan/graph.ts'

const LANES = ['a', 'b', 'c']
const anyTask = fc.record({
  lane: fc.constantFrom(...LANES),
  priority: fc.integer({ min: 0, max: 5 }),
  duration: fc.integer({ min: 1, max: 5000 }),
  expected: fc.integer({ min: 1, max: 5000 }),
  /** Which of the tasks before it must end first, as bits. */
  before: fc.nat({ max: 31 }),
})
const anyRun = fc
  .record({
    arrival: fc.integer({ min: 0, max: 20_000 }),
    tenant: fc.constantFrom('x', 'y'),
    drafts: fc.array(anyTask, { minLength: 1, maxLength: 6 }),
  })
  .map(({ arrival, tenant, drafts }): SimRun => {
    const nodes = drafts.map(({ before }, index) => ({
      task_id: `t${index}`,
      dependencies: drafts.slice(0, index).flatMap((_, at) => ((before >> at) & 1 ? [`t${at}`] : [])),
    }))
    const graph = buildGraph(nodes).graph as PlanGraph
    return withRanks({ arrival, tenant, label: 'any', tasks: drafts, graph })
  })
const anyRuns = fc.array(anyRun, { maxLength: 12 }).map((runs) => runs.toSorted((a, b) => a.arrival - b.arrival))
const anySite = fc
  .record({ slots: fc.integer({ min: 1, max: 3 }), gpu_max: fc.option(fc.integer({ min: 1, max: 3 })) })
  .map(
    ({ slots, gpu_max }): Site => ({
      lanes: LANES.map((model, at) => ({ model, gpu: at % 2, slots })),
      ...(gpu_max !== null && { gpu_max }),
    }),
  )
const everyPolicy = (check: (runs: SimRun[], site: Site, name: keyof typeof policies) => void) =>
  fc.assert(
    fc.property(anyRuns, anySite, fc.constantFrom(...(Object.keys(policies) as (keyof typeof policies)[])), check),
  )

/** The most calls in flight at any time, among those that count. */
function peak(calls: readonly SimCall[]): number {
  const changes = calls.flatMap(
    ({ start, end }) =>
      [
        [start, 1],
        [end, -1],
      ] as [number, number][],
  )
  let busy = 0
  let most = 0
  for (const [, change] of changes.toSorted(([a, up], [b, down]) => a - b || up - down)) {
    busy += change
    most = Math.max(most, busy)
  }
  return most
}

describe('the simulation, under every policy', () => {
  test('makes every call once, for as long as it takes, after those that it waits for', () => {
    everyPolicy((runs, site, name) => {
      const { calls } = simulate(runs, site, policies[name])
      const endOf = new Map(calls.map((call) => [`${call.run}/${call.task}`, call.end]))
      expect(calls).toHaveLength(runs.reduce((sum, { tasks }) => sum + tasks.length, 0))
      expect(endOf.size).toBe(calls.length)
      for (const { run, task, lane, start, end } of calls) {
        const { tasks, graph, arrival } = runs[run] as SimRun
        expect(end - start).toBe(tasks[task]?.duration)
        expect(lane).toBe(tasks[task]?.lane)
        const ready = (graph.dependencies[task] ?? []).map((before) => endOf.get(`${run}/${before}`) as number)
        expect(start).toBeGreaterThanOrEqual(Math.max(arrival, ...ready))
      }
    })
  })

  test('never has more calls in flight than slots, or than a GPU may hold', () => {
    everyPolicy((runs, site, name) => {
      const { calls } = simulate(runs, site, policies[name])
      for (const { model, slots } of site.lanes)
        expect(peak(calls.filter(({ lane }) => lane === model))).toBeLessThanOrEqual(slots)
      for (const gpu of [0, 1]) {
        const own = new Set(site.lanes.flatMap((lane) => (lane.gpu === gpu ? [lane.model] : [])))
        const most = site.gpu_max ?? Number.POSITIVE_INFINITY
        expect(peak(calls.filter(({ lane }) => own.has(lane)))).toBeLessThanOrEqual(most)
      }
    })
  })

  test('never ends before the lower bound, and never later than one call after the other', () => {
    everyPolicy((runs, site, name) => {
      const { makespan, ends } = simulate(runs, site, policies[name])
      expect(makespan).toBe(Math.max(0, ...ends))
      expect(makespan).toBeGreaterThanOrEqual(lowerBound(runs, site) - 1e-6)
      const work = runs.flatMap(({ tasks }) => tasks).reduce((sum, { duration }) => sum + duration, 0)
      expect(makespan).toBeLessThanOrEqual(Math.max(0, ...runs.map(({ arrival }) => arrival)) + work)
    })
  })
})

/** More than the site can do for a while, so that calls age. */
const overload = fc
  .array(anyRun, { minLength: 20, maxLength: 30 })
  .map((runs) => runs.toSorted((a, b) => a.arrival - b.arrival))
const oneSlot: Site = { lanes: LANES.map((model, at) => ({ model, gpu: at % 2, slots: 1 })) }

test('a variant that changes nothing is our policy', () => {
  fc.assert(
    fc.property(overload, (runs) => {
      expect(simulate(runs, oneSlot, variant({}))).toEqual(simulate(runs, oneSlot, policies.ours))
    }),
  )
})
