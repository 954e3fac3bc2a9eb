import { Problem } from '../errors.ts'
import type { Plan, PlanTask } from '../plan/plan.ts'
import type { Lane } from './lane.ts'
import type { Workshop } from './task.ts'

/**
 * Least time in ms that a new call waits for a permit: rounds of calls ahead of it, each as long as the model usually
 * takes. 0 while that is unknown. The call's own work is not in it: what a task takes is not known before it ran.
 */
function leastWait(lane: Lane, usual_ms: number | null, claim: { priority: number; rank: number }): number {
  if (usual_ms === null || lane.queued < lane.permits) return 0
  return Math.floor(lane.ahead(claim) / lane.permits) * usual_ms
}

/**
 * Refuses a run whole while a lane that it needs at once is full, or so long that the run would be over before its turn:
 * throws an `overloaded` Problem. Nothing has been asked of any model server by then.
 */
export function admit(plan: Plan, timeout_ms: number, shop: Workshop): void {
  const { lanes, lane_queue_max, usualMs } = shop
  const check = (task: PlanTask): void => {
    const lane = lanes.get(task.planned_model)
    if (lane === undefined) return
    if (lane.queued >= lane_queue_max)
      throw new Problem(
        'overloaded',
        `The queue in front of ${lane.model} is full (${lane.queued} waiting). Nothing was started.`,
        { retryAfterS: 1 },
      )
    const { priority } = task
    const wait = leastWait(lane, usualMs(lane.model), { priority, rank: plan.ranks[task.index] ?? 0 })
    if (wait >= timeout_ms)
      throw new Problem(
        'overloaded',
        `The wait for ${lane.model} is about ${Math.ceil(wait / 1000)} s, longer than the run may take. Nothing was started.`,
        { retryAfterS: (wait - timeout_ms) / 1000 },
      )
  }
  for (const task of plan.tasks) if (task.dependencies.length === 0) check(task)
}
