import { Problem } from '../errors.ts'
import { type Asked, type Estimate, estimate, placeOf, waitFor } from './estimate.ts'
import type { LanePort } from './lane-port.ts'
import type { Workshop } from './workshop.ts'

/** Why a run is not admitted: a lane that it needs at once is full, or it could not end in time. */
export type RefusalReason = 'lane_full' | 'too_late'

export interface Refusal {
  reason: RefusalReason
  /** What the caller is answered: 503 with when to come back, and the estimate. */
  problem: Problem
}

/**
 * Whether a run must be refused whole, before any model server is asked: while a lane that it needs at once is full, or
 * when it, or one of its tasks, could not end in time. Null: it is admitted, and its tasks will always be queued. A run that
 * needs not wait is never refused for its length: averages may be wrong, and only answers can put them right.
 */
export function refusalOf(asked: Asked, timeout_ms: number, shop: Workshop): Refusal | null {
  if (!someLaneIsBusy(shop)) return null
  const { plan, tenant } = asked
  for (const task of plan.tasks) {
    const lane = task.dependencies.length === 0 ? shop.lanes.get(placeOf(task, shop)) : undefined
    if (lane?.isFullFor(tenant, shop.lane_queue_max))
      return laneFull(lane, waitFor(lane.model, { tenant, priority: task.priority, work: 0 }, shop))
  }
  const expected = estimate(asked, shop)
  if (expected.slowest !== null && expected.finish_ms > timeout_ms) return runTooLate(expected, timeout_ms)
  return expected.late_task === null ? null : taskTooLate(expected, expected.late_task)
}

function laneFull({ model, queued }: LanePort, wait_ms: number): Refusal {
  return refuse(
    'lane_full',
    `The queue in front of ${model} is full (${queued} waiting).`,
    { wait_ms, finish_ms: null },
    wait_ms,
  )
}

function runTooLate({ wait_ms, finish_ms, alone_ms, slowest }: Estimate, timeout_ms: number): Refusal {
  const what = `The run would end in about ${seconds(finish_ms)} s (${seconds(wait_ms)} s of them waiting for ${slowest}), but may take ${seconds(timeout_ms)} s.`
  const hopeless = ` Its own work takes about ${seconds(alone_ms)} s: give it more time.`
  return refuse(
    'too_late',
    alone_ms > timeout_ms ? `${what}${hopeless}` : what,
    { wait_ms, finish_ms },
    finish_ms - timeout_ms,
  )
}

function taskTooLate({ finish_ms }: Estimate, task: NonNullable<Estimate['late_task']>): Refusal {
  const { model, wait_ms, takes_ms, timeout_ms } = task
  return refuse(
    'too_late',
    `A task would take about ${seconds(takes_ms)} s (${seconds(wait_ms)} s of them waiting for ${model}), but may take ${seconds(timeout_ms)} s.`,
    { wait_ms, finish_ms },
    takes_ms - timeout_ms,
  )
}

function refuse(
  reason: RefusalReason,
  what: string,
  { wait_ms, finish_ms }: { wait_ms: number; finish_ms: number | null },
  retry_after_ms: number,
): Refusal {
  const known = (ms: number | null) => (ms === null || ms === 0 ? null : Math.round(ms))
  const estimated = { wait_ms: known(wait_ms), finish_ms: known(finish_ms) }
  const options = { retryAfterS: Math.max(1, retry_after_ms / 1000), members: { estimate: estimated } }
  return { reason, problem: new Problem('overloaded', `${what} Nothing was started.`, options) }
}

function someLaneIsBusy({ lanes }: Workshop): boolean {
  for (const lane of lanes.values()) if (!lane.hasRoom) return true
  return false
}

const seconds = (ms: number): string => (ms < 10_000 ? (ms / 1000).toFixed(1) : String(Math.ceil(ms / 1000)))
