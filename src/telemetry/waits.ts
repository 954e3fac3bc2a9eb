import type { AttemptRecord, Outcome } from '../contract/outcome.ts'
import type { Distribution } from './distribution.ts'

const PRIORITIES = ['0', '1', '2', '3', '4', '5']

/** Waiting for permits: of each task in all, and of each of its calls in the lane in which that waited. Both in seconds. */
export class WaitMetrics {
  readonly #tasks: Distribution
  readonly #lanes: Distribution

  /** Labels: `tasks` model; `lanes` model and priority. */
  constructor(tasks: Distribution, lanes: Distribution) {
    this.#tasks = tasks
    this.#lanes = lanes
  }

  /** Nothing of a task that never stood in a queue: it was skipped, or ended before its turn to ask came. */
  taskEnded(model: string, { priority, planned_model }: { priority: number; planned_model: string }, outcome: Outcome) {
    const { attempts, queue_ms } = outcome
    if (attempts.length === 0 && queue_ms === 0) return
    this.#tasks.at(model).observe(queue_ms / 1000)
    const label = PRIORITIES[priority] as string
    // A wait that was given up later than the first leaves no trace of the lane that it was in.
    if (attempts.length === 0) this.#lanes.at(planned_model, label).observe(queue_ms / 1000)
    for (const attempt of attempts)
      if (hadItsTurn(attempt)) this.#lanes.at(attempt.model, label).observe(waitOf(attempt, queue_ms) / 1000)
  }
}

/** A second call never queues, and from a full lane a task is turned away. */
const hadItsTurn = ({ hedge, outcome }: AttemptRecord): boolean => !hedge && outcome !== 'queue_full'

/** In ms. What was not sent has kept no time of its permit; it cannot have waited for longer than the task in all. */
const waitOf = ({ asked_at_ms, started_at_ms, ended_at_ms }: AttemptRecord, queue_ms: number): number =>
  started_at_ms === null ? Math.min(ended_at_ms - asked_at_ms, queue_ms) : started_at_ms - asked_at_ms
