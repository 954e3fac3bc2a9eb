import type { AttemptRecord } from '../contract/outcome.ts'
import type { AttemptResult, Model } from '../models/port.ts'
import { Cancellation } from './cancellation.ts'
import type { Flight } from './hedge.ts'

/** The signal of a call that may be given up alone. */
export class OwnSignal extends Cancellation {
  overtaken = false
}

/** A call in flight for a task. */
export class TaskFlight implements Flight {
  readonly model: Model
  readonly attempt: number
  readonly record: AttemptRecord
  /** On the clock of performance.now(). */
  readonly sent: number
  /** Some of its answer has gone out to whoever watches. */
  heard = false
  result!: Promise<AttemptResult>
  readonly #own: OwnSignal | null

  constructor(model: Model, attempt: number, record: AttemptRecord, sent: number, own: OwnSignal | null) {
    this.model = model
    this.attempt = attempt
    this.record = record
    this.sent = sent
    this.#own = own
  }

  giveUp(why: 'overtaken' | 'fault'): void {
    if (this.#own === null) return
    this.#own.overtaken = why === 'overtaken'
    this.#own.cancel('cancelled')
  }
}
