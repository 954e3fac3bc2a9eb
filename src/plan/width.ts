import type { PinnedLane } from './agents.ts'
import type { PlanGraph } from './graph.ts'

interface LaneQueue {
  lane: PinnedLane
  tasks: number[]
  /** Index of the first task that has not started. */
  head: number
}

/**
 * The peak number of tasks in flight when the plan is scheduled in unit times on the permits of its lanes
 * (design.md, Timing). Each step starts what is ready as far as slots and GPU budgets allow; all of it ends before the
 * next step. O(tasks + dependencies + steps × lanes). 0 for an empty plan.
 */
export function peakInFlight(graph: PlanGraph, lanes: readonly PinnedLane[]): number {
  const queues = new Map<string, LaneQueue>()
  const open = graph.dependencies.map((list) => list.length)
  const enqueue = (index: number): void => {
    const lane = lanes[index] as PinnedLane
    const queue = queues.get(lane.model)
    if (queue) queue.tasks.push(index)
    else queues.set(lane.model, { lane, tasks: [index], head: 0 })
  }
  open.forEach((count, index) => {
    if (count === 0) enqueue(index)
  })

  let peak = 0
  for (let ended = 0; ended < open.length; ) {
    const started = startStep(queues)
    if (started.length === 0) throw new Error('Cannot schedule the plan: a lane has no permits')
    peak = Math.max(peak, started.length)
    ended += started.length
    for (const index of started)
      for (const next of graph.dependents[index] ?? []) {
        open[next] = (open[next] as number) - 1
        if (open[next] === 0) enqueue(next)
      }
  }
  return peak
}

function startStep(queues: ReadonlyMap<string, LaneQueue>): number[] {
  const started: number[] = []
  const onGpu = new Map<number, number>()
  for (const queue of queues.values()) {
    const { gpu, gpu_max, slots } = queue.lane
    const busy = onGpu.get(gpu) ?? 0
    const count = Math.min(slots, gpu_max - busy, queue.tasks.length - queue.head)
    for (let i = 0; i < count; i++) started.push(queue.tasks[queue.head++] as number)
    onGpu.set(gpu, busy + count)
  }
  return started
}

/** `peakInFlight` for the slots of the moment that it is called at; worked out again only when they have changed. */
export function createWidth(graph: PlanGraph, lanes: readonly PinnedLane[]): () => number {
  const distinct = [...new Set(lanes)]
  let known: readonly number[] = []
  let peak = 0
  return () => {
    if (distinct.length !== known.length || distinct.some((lane, at) => lane.slots !== known[at])) {
      known = distinct.map((lane) => lane.slots)
      peak = peakInFlight(graph, lanes)
    }
    return peak
  }
}
