import type { AttemptRecord, Outcome } from '../contract/outcome.ts'
import type { TimelineSpan } from '../contract/timeline.ts'
import type { TaskView } from './input.ts'
import { roundMs } from './round.ts'

/** Shorter gaps are the service's own steps from one thing to the next, not waiting. */
const SHORTEST_GAP_MS = 1

type Where = Pick<TimelineSpan, 'attempt' | 'model' | 'gpu'>

/** A stretch without a call, or nothing when it is too short to be one. */
function idle(
  kind: 'queue' | 'back_off',
  { attempt, model, gpu }: Where,
  from: number,
  to: number,
  outcome: string | null = null,
): TimelineSpan[] {
  if (to - from < SHORTEST_GAP_MS) return []
  const [from_ms, to_ms] = [roundMs(from), roundMs(to)]
  return [{ kind, attempt, model, gpu, from_ms, to_ms, outcome, sent: false, hedge: false }]
}

/** When the wait for an attempt's permit was over. What was not sent has kept only how long it took. */
const beganAt = ({ asked_at_ms, started_at_ms, ended_at_ms, latency_ms }: AttemptRecord): number =>
  started_at_ms ?? Math.max(asked_at_ms, ended_at_ms - latency_ms)

/** What a task did from `ready_at` (ms since the start of the run) to its end. */
export function spansOf(task: TaskView, outcome: Outcome, ready_at: number): TimelineSpan[] {
  const spans: TimelineSpan[] = []
  /** The last call that was no second one: what comes next follows from it. */
  let last: Where | null = null
  /** End of all calls so far. */
  let free = ready_at
  let waited = 0
  for (const [index, record] of outcome.attempts.entries()) {
    const { model, gpu, asked_at_ms, ended_at_ms, started_at_ms, hedge } = record
    const where: Where = { attempt: index + 1, model, gpu }
    const from = beganAt(record)
    // The next model is asked without a pause, and a hedge beside a call in flight.
    if (last?.model === model && !hedge) spans.push(...idle('back_off', last, free, asked_at_ms))
    // A permit that was free was not waited for, however long asking for it took: such time is not in queue_ms.
    if (from - asked_at_ms <= outcome.queue_ms + SHORTEST_GAP_MS) spans.push(...idle('queue', where, asked_at_ms, from))
    spans.push({
      kind: 'attempt',
      ...where,
      from_ms: roundMs(from),
      to_ms: roundMs(ended_at_ms),
      outcome: record.outcome,
      sent: started_at_ms !== null,
      hedge,
    })
    waited += from - asked_at_ms
    free = Math.max(free, ended_at_ms)
    if (!hedge) last = where
  }
  return outcome.status === 'succeeded' ? spans : spans.concat(givenUp(task, outcome, last, free, waited))
}

/**
 * The pause or wait in which a task was given up. Neither leaves an attempt: how long it waited is what its attempts have
 * left of its waiting time.
 */
function givenUp(
  task: TaskView,
  { queue_ms, ended_at_ms, error, attempts }: Outcome,
  last: Where | null,
  free: number,
  waited: number,
): TimelineSpan[] {
  const code = error?.code ?? null
  const asked = Math.max(free, ended_at_ms - Math.max(0, queue_ms - waited))
  if (last === null)
    return idle('queue', { attempt: 1, model: task.planned_model, gpu: task.gpu }, asked, ended_at_ms, code)
  const wait = idle('queue', { attempt: attempts.length + 1, model: null, gpu: null }, asked, ended_at_ms, code)
  return [...idle('back_off', last, free, asked, wait.length === 0 ? code : null), ...wait]
}
