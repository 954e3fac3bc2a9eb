import { upwardRanks } from '../../src/plan/graph.ts'
import type { SimRun, SimTask } from './run.ts'
import type { Site } from './simulate.ts'

/** A task as a bound sees it, in ms: the earliest that it can begin, what it takes, the least that must follow it. */
interface Job {
  head: number
  duration: number
  tail: number
}

/** No task of a run can begin before the longest path that leads to it, and the run ends no sooner than the longest path from it. */
function jobsOf({ tasks, graph, arrival }: SimRun): Job[] {
  const durations = tasks.map(({ duration }) => duration)
  const ranks = upwardRanks(graph, durations)
  const heads = new Float64Array(tasks.length).fill(arrival)
  for (const index of graph.order)
    for (const before of graph.dependencies[index] ?? [])
      heads[index] = Math.max(heads[index] as number, (heads[before] as number) + (durations[before] as number))
  return durations.map((duration, index) => ({
    head: heads[index] as number,
    duration,
    tail: (ranks[index] as number) - duration,
  }))
}

const sumOfSmallest = (values: readonly number[], count: number): number =>
  values
    .toSorted((a, b) => a - b)
    .slice(0, count)
    .reduce((sum, value) => sum + value, 0)

/**
 * What these jobs need on `slots` slots. Some schedule that is as short as any uses every slot for at least one of them, when there are
 * enough (a slot's last job may as well run at the same time on an unused one). Then a slot is empty until the head of its first job, works,
 * and has the tail of its last job behind it: added up over all slots, the heads are at least the smallest ones, and the tails too.
 */
function spread(jobs: readonly Job[], slots: number): number {
  if (jobs.length < slots) return 0
  const work = jobs.reduce((sum, { duration }) => sum + duration, 0)
  const heads = jobs.map(({ head }) => head)
  const tails = jobs.map(({ tail }) => tail)
  return (sumOfSmallest(heads, slots) + work + sumOfSmallest(tails, slots)) / slots
}

/** What holds for some of the jobs holds for all of them: those that come late, and those with much behind them, say most. */
function bestSpread(jobs: readonly Job[], slots: number): number {
  let most = 0
  for (const tail of new Set(jobs.map((job) => job.tail)))
    most = Math.max(
      most,
      spread(
        jobs.filter((job) => job.tail >= tail),
        slots,
      ),
    )
  for (const head of new Set(jobs.map((job) => job.head)))
    most = Math.max(
      most,
      spread(
        jobs.filter((job) => job.head >= head),
        slots,
      ),
    )
  return most
}

/**
 * A time before which no policy, not even one that knows the future, can have ended these runs: the longest path, and the
 * work of each lane, and of each GPU with a cap, on its slots.
 */
export function lowerBound(runs: readonly SimRun[], { lanes, gpu_max = Number.POSITIVE_INFINITY }: Site): number {
  const byLane = new Map<string, Job[]>(lanes.map(({ model }) => [model, []]))
  let bound = 0
  for (const run of runs)
    for (const [index, job] of jobsOf(run).entries()) {
      byLane.get((run.tasks[index] as SimTask).lane)?.push(job)
      bound = Math.max(bound, job.head + job.duration + job.tail)
    }
  for (const { model, slots } of lanes)
    bound = Math.max(bound, bestSpread(byLane.get(model) ?? [], Math.min(slots, gpu_max)))
  if (gpu_max === Number.POSITIVE_INFINITY) return bound
  for (const gpu of new Set(lanes.map((lane) => lane.gpu)))
    bound = Math.max(
      bound,
      bestSpread(
        lanes.flatMap((lane) => (lane.gpu === gpu ? (byLane.get(lane.model) ?? []) : [])),
        gpu_max,
      ),
    )
  return bound
}
