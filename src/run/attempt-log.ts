import { type AttemptRecord, type Outcome, UNTOUCHED } from '../contract/outcome.ts'
import { TASK_ERRORS, type TaskErrorCode } from '../errors.ts'
import type { AttemptResult, Completion, Failure, Model } from '../models/port.ts'

/** How calls end that a server may never have seen, although it was this server's turn. */
const MAYBE_NOT_SENT: ReadonlySet<string> = new Set<TaskErrorCode>([
  'breaker_open',
  'egress_refused',
  'context_overflow',
  'cancelled',
  'upstream_timeout',
])

/** Whether a call that has ended so never went out. A server too may say that a prompt does not fit: then it took some time. */
export const neverSent = (result: { ok: true } | Pick<Failure, 'ok' | 'code' | 'latency_ms'>): boolean =>
  !result.ok && result.latency_ms === 0 && MAYBE_NOT_SENT.has(result.code)

/** Whether a call that has ended went out at all. */
export const wasSent = ({ started_at_ms }: AttemptRecord): boolean => started_at_ms !== null

/** What was tried for one task, in the order of sending, and how its outcome follows from it. Times given on performance.now(). */
export class AttemptLog {
  readonly #t0: number
  readonly #records: AttemptRecord[] = []
  #model: Model | null = null
  #latencyMs = 0
  /** US dollars, of all its calls. */
  #cost = 0
  queue_ms = 0
  retry_ms = 0

  constructor(t0: number) {
    this.#t0 = t0
  }

  /** Since the start of the run. */
  at(now: number): number {
    return now - this.#t0
  }

  /** How many there are: the number of the last one. */
  get count(): number {
    return this.#records.length
  }

  get lastOutcome(): string | null {
    return this.#records.at(-1)?.outcome ?? null
  }

  /** Notes a call that goes out. `ended` completes the record. */
  sent(model: Model, asked: number, sent: number, hedge: boolean): AttemptRecord {
    this.#model = model
    return this.#note(model, asked, sent, hedge)
  }

  #note(model: Model, asked: number, sent: number, hedge: boolean): AttemptRecord {
    const record: AttemptRecord = {
      model: model.id,
      url: model.url,
      outcome: 'cancelled',
      latency_ms: 0,
      gpu: model.gpu,
      asked_at_ms: this.at(asked),
      started_at_ms: this.at(sent),
      ended_at_ms: this.at(sent),
      hedge,
    }
    this.#records.push(record)
    return record
  }

  ended(record: AttemptRecord, result: AttemptResult): void {
    record.outcome = result.ok ? 'ok' : result.code
    record.latency_ms = result.latency_ms
    record.ended_at_ms = this.at(performance.now())
    if (neverSent(result)) record.started_at_ms = null
  }

  /** Notes what a call has cost. */
  paid(record: AttemptRecord, cost: number): void {
    if (cost === 0) return
    record.cost = cost
    this.#cost += cost
  }

  /** Notes that an answer came when another one had been taken. */
  notTaken(record: AttemptRecord): void {
    record.outcome = 'cancelled' satisfies TaskErrorCode
  }

  /** Notes a model that was not asked after all: its lane was full, or the call might have cost too much. */
  turnedAway(model: Model, why: 'queue_full' | 'budget_exceeded'): void {
    const now = performance.now()
    const record = this.#note(model, now, now, false)
    record.outcome = why
    record.started_at_ms = null
  }

  /** The attempt whose result decides, of several in flight. */
  decide(model: Model, result: AttemptResult): void {
    this.#model = model
    this.#latencyMs = result.latency_ms
  }

  succeeded(result: Completion): Outcome {
    const { content, tokens, prompt_tokens, finish_reason, truncated, simulated, warnings, first_token_ms } = result
    return this.#outcome({
      status: 'succeeded',
      content,
      tokens,
      prompt_tokens,
      finish_reason,
      truncated,
      simulated,
      warnings,
      first_token_ms,
    })
  }

  failed(code: TaskErrorCode, why: { message: string; free_at?: string } = { message: TASK_ERRORS[code] }): Outcome {
    return this.#outcome({ status: 'failed', error: { code, ...why } })
  }

  cancelled(message: string = TASK_ERRORS.cancelled): Outcome {
    return this.#outcome({ status: 'cancelled', error: { code: 'cancelled', message } })
  }

  #outcome(own: Partial<Outcome> & Pick<Outcome, 'status'>): Outcome {
    return {
      ...UNTOUCHED,
      model: this.#model?.id ?? null,
      backend: this.#model?.url ?? null,
      gpu: this.#model?.gpu ?? null,
      latency_ms: this.#latencyMs,
      queue_ms: this.queue_ms,
      retry_ms: this.retry_ms,
      started_at_ms: this.#records.find(({ started_at_ms }) => started_at_ms !== null)?.started_at_ms ?? null,
      ended_at_ms: this.at(performance.now()),
      attempts: this.#records,
      cost: this.#cost,
      ...own,
    }
  }
}
