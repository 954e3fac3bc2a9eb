import { CancelListeners, type CancelSignal } from '../contract/cancel.ts'
import { RUN_TIME_OVER, SERVICE_STOPPED, TASK_ERRORS } from '../errors.ts'

/** `stopped`: the service ends, not the caller. */
export type CancelReason = 'cancelled' | 'run_timeout' | 'stopped'

/** Why and whether a run stops early. One per run; every waiting permit and call in flight listens to it. */
export class Cancellation implements CancelSignal {
  /** When the run's time is over, on the clock of performance.now(). Whoever made this calls `cancel` then. */
  readonly deadline: number
  #reason: CancelReason | null = null
  readonly #listeners = new CancelListeners()

  constructor(deadline: number = Number.POSITIVE_INFINITY) {
    this.deadline = deadline
  }

  get cancelled(): boolean {
    return this.#reason !== null
  }

  get timed_out(): boolean {
    return this.#reason === 'run_timeout'
  }

  /** What a task that it ended tells its reader. */
  get message(): string {
    if (this.timed_out) return RUN_TIME_OVER
    return this.#reason === 'stopped' ? SERVICE_STOPPED : TASK_ERRORS.cancelled
  }

  /** The first reason given; null while the run may go on. */
  get reason(): CancelReason | null {
    return this.#reason
  }

  cancel(reason: CancelReason): void {
    if (this.#reason !== null) return
    this.#reason = reason
    this.#listeners.tell()
  }

  onCancel(callback: () => void): () => void {
    return this.#listeners.add(callback, this.cancelled)
  }
}
