import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PinnedLane } from '../../../src/plan/agents.ts'
import { createWidth, peakInFlight } from '../../../src/plan/width.ts'
import { acyclic, graphOf, lane } from '../../helpers/plans.ts'

const everywhere = (dependencies: readonly unknown[], one: PinnedLane) => dependencies.map(() => one)

/** Tasks by depth: with permits for all, unit times run one depth after the other. */
function widestDepth(dependencies: readonly (readonly number[])[]): number {
  const depthOf = (index: number): number => 1 + Math.max(0, ...(dependencies[index] ?? []).map(depthOf))
  const counts = new Map<number, number>()
  for (const index of dependencies.keys()) counts.set(depthOf(index), (counts.get(depthOf(index)) ?? 0) + 1)
  return Math.max(...counts.values())
}

/** Up to four lanes on two GPUs, each GPU with one cap for all its lanes. */
const machine = fc
  .record({
    caps: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
    slots: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
  })
  .map(({ caps, slots }) => slots.map((count, at) => lane(`m${at}`, at % 2, count, caps[at % 2])))

/** What the machine can carry at most. */
function capacity(lanes: readonly PinnedLane[], load: (one: PinnedLane) => number): number {
  const perGpu = new Map<number, { wanted: number; max: number }>()
  for (const one of new Set(lanes)) {
    const gpu = perGpu.get(one.gpu) ?? { wanted: 0, max: one.gpu_max }
    gpu.wanted += Math.min(one.slots, load(one))
    perGpu.set(one.gpu, gpu)
  }
  return [...perGpu.values()].reduce((total, { wanted, max }) => total + Math.min(wanted, max), 0)
}

describe('the peak number of tasks in flight', () => {
  it.each([
    { what: 'nothing', dependencies: [], slots: 2, peak: 0 },
    { what: 'one task', dependencies: [[]], slots: 2, peak: 1 },
    { what: 'a chain', dependencies: [[], [0], [1]], slots: 4, peak: 1 },
    { what: 'three free tasks on two permits', dependencies: [[], [], []], slots: 2, peak: 2 },
    { what: 'a diamond', dependencies: [[], [0], [0], [1, 2]], slots: 4, peak: 2 },
    { what: 'a diamond on one permit', dependencies: [[], [0], [0], [1, 2]], slots: 1, peak: 1 },
    { what: 'a fan of four behind a chain of two', dependencies: [[], [0], [1], [1], [1], [1]], slots: 8, peak: 4 },
  ])('is $peak for $what', ({ dependencies, slots, peak }) => {
    expect(peakInFlight(graphOf(dependencies), everywhere(dependencies, lane('m', 0, slots)))).toBe(peak)
  })

  it('is 2 for a discharge summary: two free tasks on two GPUs with one slot each', () => {
    expect(peakInFlight(graphOf([[], []]), [lane('a', 0, 1), lane('b', 1, 1)])).toBe(2)
  })

  it('is 1 for two lanes that share a GPU which takes one call', () => {
    expect(peakInFlight(graphOf([[], []]), [lane('a', 0, 2, 1), lane('b', 0, 2, 1)])).toBe(1)
  })

  it('counts what work left over from one step adds to the next', () => {
    // Step 1: both roots of lane a take turns on its one permit; the dependant on b meets the second root.
    expect(peakInFlight(graphOf([[], [], [0]]), [lane('a', 0, 1), lane('a', 0, 1), lane('b', 1, 1)])).toBe(2)
  })

  it('is the widest depth of the graph when permits are plenty', () => {
    fc.assert(
      fc.property(acyclic(12), (dependencies) => {
        const peak = peakInFlight(graphOf(dependencies), everywhere(dependencies, lane('m', 0, 100)))
        expect(peak).toBe(widestDepth(dependencies))
      }),
    )
  })

  it('is what permits and GPU budgets carry when all tasks are free', () => {
    fc.assert(
      fc.property(machine, fc.array(fc.nat(), { minLength: 1, maxLength: 20 }), (lanes, picks) => {
        const pinned = picks.map((pick) => lanes[pick % lanes.length] as PinnedLane)
        const load = (one: PinnedLane) => pinned.filter((other) => other === one).length
        expect(peakInFlight(graphOf(pinned.map(() => [])), pinned)).toBe(capacity(pinned, load))
      }),
    )
  })

  it('never passes the permits, a GPU budget or the number of tasks, and is never 0', () => {
    fc.assert(
      fc.property(machine, acyclic(16), fc.array(fc.nat(), { minLength: 16, maxLength: 16 }), (lanes, deps, picks) => {
        const pinned = deps.map((_, at) => lanes[(picks[at] as number) % lanes.length] as PinnedLane)
        const peak = peakInFlight(graphOf(deps), pinned)
        expect(peak).toBeGreaterThan(0)
        expect(peak).toBeLessThanOrEqual(deps.length)
        expect(peak).toBeLessThanOrEqual(capacity(pinned, () => Number.POSITIVE_INFINITY))
      }),
    )
  })

  it('is found for a chain 10,000 deep and for 10,000 free tasks', () => {
    const chain = Array.from({ length: 10_000 }, (_, at) => (at === 0 ? [] : [at - 1]))
    expect(peakInFlight(graphOf(chain), everywhere(chain, lane('m', 0, 3)))).toBe(1)
    const free = chain.map(() => [])
    expect(peakInFlight(graphOf(free), everywhere(free, lane('m', 0, 3)))).toBe(3)
  })
})

describe('the width of a plan whose lanes may turn out to have other slots', () => {
  it('follows them, and is worked out again only when they change', () => {
    let slots = 1
    let read = 0
    const live: PinnedLane = {
      ...lane('m', 0, 1),
      get slots() {
        read++
        return slots
      },
    }
    const graph = graphOf([[], [], []])
    const width = createWidth(graph, everywhere(graph.dependencies, live))
    expect([width(), width()]).toEqual([1, 1])
    slots = 2
    expect(width()).toBe(2)
    read = 0
    expect(width()).toBe(2)
    // One look at the lane; a peak over three tasks would take more.
    expect(read).toBe(1)
    slots = 3
    expect(width()).toBe(3)
  })
})
