import type { Plan, PlanTask } from '../plan/plan.ts'
import type { Backlog } from './backlog.ts'
import { entry } from './entry.ts'
import type { LanePort } from './lane-port.ts'
import type { Workshop } from './workshop.ts'

/** When a run would end, by what is known now. Times in ms from now. */
export interface Estimate {
  /** The longest wait for a permit of a lane that the plan needs. */
  wait_ms: number
  /** The lane of that wait; null when there is none. */
  slowest: string | null
  finish_ms: number
  /** The same if nobody else were there: less than this it can never take. */
  alone_ms: number
  /** The first task that would wait and then run out of its own time; null when none would. */
  late_task: { model: string; wait_ms: number; takes_ms: number; timeout_ms: number } | null
}

/** What an estimate is asked for. */
export interface Asked {
  plan: Plan
  /** Expected work of each task in ms; 0 where nothing is known. */
  works: ArrayLike<number>
  tenant: string
}

/**
 * Waits are taken for longer than averages say. Under lasting overload every run that is let in stands at its deadline,
 * and of those half would miss it, some with a call half done: more GPU time is lost by that than by a shorter queue.
 */
const CAUTION = 1.1

/** Where a task's work will be done as things are: at the first of its models whose breaker is closed, else where it is pinned. */
export function placeOf(task: PlanTask, { works, chainOf }: Workshop): string {
  const { planned_model } = task
  if (works(planned_model)) return planned_model
  return chainOf(task).find(({ id }) => works(id))?.id ?? planned_model
}

/**
 * Walks through the plan on lanes that first have to do what admitted runs owe them. The plan's own tasks are not set
 * against each other.
 */
export function estimate({ plan, works, tenant }: Asked, shop: Workshop): Estimate {
  const waits = new Map<number, Map<string, number>>()
  const finish = new Float64Array(plan.tasks.length)
  const alone = new Float64Array(plan.tasks.length)
  const result: Estimate = { wait_ms: 0, slowest: null, finish_ms: 0, alone_ms: 0, late_task: null }
  for (const index of plan.graph.order) {
    const task = plan.tasks[index] as PlanTask
    const work = works[index] as number
    const model = placeOf(task, shop)
    const known = entry(waits, task.priority, () => new Map<string, number>())
    const wait = entry(known, model, () => waitFor(model, { tenant, priority: task.priority, work }, shop))
    if (wait > result.wait_ms) {
      result.wait_ms = wait
      result.slowest = model
    }
    const dependencies = plan.graph.dependencies[index] ?? []
    const ready = latest(dependencies, finish)
    alone[index] = latest(dependencies, alone) + work
    result.alone_ms = Math.max(result.alone_ms, alone[index])
    const end = Math.max(ready, wait) + work
    const timeout_ms = task.timeout_ms ?? shop.task_timeout_ms
    if (wait > ready && end - ready > timeout_ms)
      result.late_task ??= { model, wait_ms: wait - ready, takes_ms: end - ready, timeout_ms }
    finish[index] = end
    result.finish_ms = Math.max(result.finish_ms, end)
  }
  return result
}

const latest = (dependencies: readonly number[], ends: Float64Array): number => {
  let last = 0
  for (const index of dependencies) last = Math.max(last, ends[index] as number)
  return last
}

interface Newcomer {
  tenant: string
  priority: number
  /** In ms. */
  work: number
}

/** Expected wait in ms for a permit of this lane; 0 while one is free or nothing is known of what runs there. */
export function waitFor(
  model: string,
  { tenant, priority, work }: Newcomer,
  { lanes, backlog }: Pick<Workshop, 'lanes' | 'backlog'>,
): number {
  const lane = lanes.get(model)
  if (lane === undefined) return 0
  return CAUTION * spread(lane, (place) => backlog.ahead(place, tenant, priority, work))
}

/**
 * What a call behind all that a lane has before it would probably wait for a permit, in ms; 0 while one is free, null
 * while nothing is known of what runs there.
 */
export function waitBehindAll(lane: LanePort, backlog: Backlog): number | null {
  const wait = spread(lane, (model) => backlog.total(model))
  return wait === 0 && !lane.hasRoom ? null : wait
}

/** The time in ms until the permits of a lane, and with a cap those of its GPU, have done what is before them. */
function spread(lane: LanePort, before: (model: string) => number): number {
  if (lane.hasRoom) return 0
  const own = before(lane.model) / lane.permits
  if (!lane.gpu.capped) return own
  let shared = 0
  for (const { model } of lane.gpu.lanes) shared += before(model)
  return Math.max(own, shared / lane.gpu.max)
}
