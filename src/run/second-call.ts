import type { AttemptResult, Model } from '../models/port.ts'
import type { TaskFlight } from './flight.ts'
import { hedge } from './hedge.ts'
import type { LanePort } from './lane-port.ts'
import type { TaskCalls } from './task-calls.ts'
import type { Workshop } from './workshop.ts'

/** Where a second call may go, and until when. */
export interface Beside {
  /** Of the agent, those behind the model of the first call. */
  fallbacks: readonly Model[]
  /** On the clock of performance.now(). */
  deadline: number
}

/** The answer of a call, or of a second one beside it, sent after `after_ms`, if that answers first. */
export async function withSecondCall(
  shop: Workshop,
  calls: TaskCalls,
  first: TaskFlight,
  after_ms: number,
  beside: Beside,
): Promise<AttemptResult> {
  const { winner, loser, result } = await hedge(first, after_ms, () => sendBeside(shop, calls, first, beside))
  calls.log.decide(winner.model, result)
  if (loser === null) return result
  const lost = await loser.result
  calls.tellRetried(loser, lost.ok ? 'cancelled' : lost.code)
  if (!result.ok) return result
  calls.overtaken(loser, lost)
  if (winner !== first) {
    // What the first call cost before the second was sent is waiting for the answer that counts.
    calls.log.retry_ms += winner.sent - first.sent
    calls.tellWhole(winner, result.content)
  }
  return result
}

/**
 * A second call where a permit is free: at a fallback, else at the same server, unless its breaker would refuse it. It counts
 * as a retry there.
 */
async function sendBeside(
  { lanes, works, retries }: Workshop,
  calls: TaskCalls,
  first: TaskFlight,
  { fallbacks, deadline }: Beside,
): Promise<TaskFlight | null> {
  for (const model of [...fallbacks, first.model]) {
    const lane = lanes.get(model.id) as LanePort
    // The budget comes last: what is not sent must not spend it.
    if (!works(model.id) || lane.queued > 0 || !lane.hasRoom || !retries.allow(model.id)) continue
    const taken = lane.tryTake(calls.claim)
    if (!(typeof taken === 'boolean' ? taken : await taken)) continue
    const hold = await calls.reserve(model, deadline)
    if (hold !== null) return calls.send({ model, lane, hold, asked: performance.now(), deadline, hedge: true })
    lane.release(calls.claim, 0, false)
  }
  return null
}
