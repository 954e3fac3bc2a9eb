import type { TaskErrorCode } from '../errors.ts'
import type { AttemptResult, Model, ModelRequest, UserMessage } from '../models/port.ts'
import type { PlanTask } from '../plan/plan.ts'
import { roundMs } from '../results/round.ts'
import type { Hold, Unpayable, Usage } from '../routing/budget/port.ts'
import { AttemptLog, wasSent } from './attempt-log.ts'
import { OwnSignal, TaskFlight } from './flight.ts'
import type { AdmissionRequest, LanePort } from './lane-port.ts'
import type { RunContext, TaskEvent } from './run-context.ts'
import { isUnpaid } from './unpaid.ts'
import type { Workshop } from './workshop.ts'

/** How a call is sent. */
export interface Sending {
  model: Model
  /** A permit of it has been taken. */
  lane: LanePort
  /** What the call may cost at most has been set aside. */
  hold: Hold
  /** When the permit was asked for; this and the deadline on the clock of performance.now(). */
  asked: number
  deadline: number
  /** A second call beside the first. */
  hedge: boolean
}

/** Nothing is known of what it took: it counts with the most that was possible. */
const UNTOLD: Usage = { prompt_tokens: null, completion_tokens: null, seconds: null }

/** What a call has taken, as far as its server says so; null when it has cost nothing. */
function usageOf(result: AttemptResult): Usage | null {
  const seconds = result.latency_ms / 1000
  if (result.ok) return { prompt_tokens: result.prompt_tokens, completion_tokens: result.tokens, seconds }
  return isUnpaid(result.code) ? null : { ...UNTOLD, seconds }
}

/** The calls of one task: sends them, keeps the log of them, tells whoever watches, and gives their permits back. */
export class TaskCalls {
  readonly log: AttemptLog
  /** What the task asks for permits with. */
  readonly claim: AdmissionRequest
  /** After how many ms a second call goes out; null: never. */
  readonly hedgeAfter: number | null
  /** Why the last call was not sent for which there was no money; null: there was for all. */
  unpayable: Unpayable | null = null
  readonly #shop: Workshop
  readonly #run: RunContext
  readonly #task: PlanTask
  readonly #user: UserMessage
  /** US dollars that its calls have cost, or may yet cost at most. */
  #taken = 0

  /** `deadline`: of the task, on the clock of performance.now(). */
  constructor(shop: Workshop, run: RunContext, task: PlanTask, user: UserMessage, deadline: number) {
    this.#shop = shop
    this.#run = run
    this.#task = task
    this.#user = user
    this.log = new AttemptLog(run.t0)
    this.hedgeAfter = shop.hedgeAfterMs(task.agent_type)
    this.claim = {
      claimant: run.claimant,
      priority: task.priority,
      rank: run.ranks[task.index] ?? 0,
      work: run.weights[task.index] ?? 0,
      deadline,
      cancel: run.cancellation,
    }
  }

  /** Sets aside what a call may cost at most, until `deadline`. Null: the budget, or the task's own bound, has not so much left. */
  reserve(model: Model, deadline: number): Hold | null | Promise<Hold | null> {
    const { system, chat, max_tokens, max_cost } = this.#task
    // Tools are tokens too, and so is what a template puts around each message.
    const before = chat === null ? system : chat.before_json + chat.further_json
    const bounds = () => ({
      prompt_bytes: Buffer.byteLength(before) + Buffer.byteLength(this.#user.toString()),
      max_tokens,
      seconds: Math.max(0, deadline - performance.now()) / 1000,
    })
    const refused = (why: Unpayable) => {
      this.unpayable = why
    }
    const { purse } = this.#run
    if (max_cost === null) return purse.reserve(model.id, bounds, refused)
    const held = purse.reserve(model.id, bounds, refused, { max_cost, taken: this.#taken })
    return held instanceof Promise ? held.then((hold) => this.#counted(hold)) : this.#counted(held)
  }

  /** A hold that stands in the task's own account too. */
  #counted(hold: Hold | null): Hold | null {
    if (hold === null || hold.worst === 0) return hold
    const { worst } = hold
    this.#taken += worst
    const settle = (usage: Usage | null): number => {
      const cost = hold.settle(usage)
      this.#taken += cost - worst
      return cost
    }
    return { worst, settle }
  }

  /** Sends under a permit that has been taken, and gives it back when the call has ended. */
  send({ model, lane, hold, asked, deadline, hedge }: Sending): TaskFlight {
    const { cancellation, emit } = this.#run
    const { system, chat, phi, max_tokens, temperature, task_id } = this.#task
    const sent = performance.now()
    const record = this.log.sent(model, asked, sent, hedge)
    const attempt = this.log.count
    emit?.({
      event: 'task.started',
      data: { task_id, attempt, model: model.id, gpu: model.gpu, hedge, at_ms: roundMs(this.log.at(sent)) },
    })
    // Only a call that may have to be given up alone needs a signal of its own.
    const own = this.hedgeAfter === null ? null : new OwnSignal(cancellation.deadline)
    const flight = new TaskFlight(model, attempt, record, sent, own)
    const on_delta = emit === null || hedge || chat?.tools === true ? null : this.#listener(flight, emit)
    const end = Math.min(this.claim.deadline, cancellation.deadline)
    const request = { system, chat, phi, user: this.#user, max_tokens, temperature, deadline, end, on_delta }
    flight.result = this.#call(flight, { lane, hold }, request, own)
    return flight
  }

  /** Of two calls side by side only the first is heard while it goes on; the other comes whole if it wins. */
  #listener(flight: TaskFlight, emit: (event: TaskEvent) => void): (delta: string) => void {
    const { attempt } = flight
    const { task_id } = this.#task
    return (delta) => {
      flight.heard = true
      emit({ event: 'task.delta', data: { task_id, attempt, delta } })
    }
  }

  async #call(
    { model, record, sent }: TaskFlight,
    { lane, hold }: Pick<Sending, 'lane' | 'hold'>,
    request: ModelRequest,
    own: OwnSignal | null,
  ): Promise<AttemptResult> {
    const { cancellation } = this.#run
    let usage: Usage | null = UNTOLD
    const forget = own && cancellation.onCancel(() => own.cancel(cancellation.reason ?? 'cancelled'))
    try {
      const result = await this.#shop.models.call(model, request, own ?? cancellation)
      this.log.ended(record, result)
      usage = wasSent(record) ? usageOf(result) : null
      const { ok, latency_ms } = result
      if (ok || result.code === 'upstream_timeout')
        this.#shop.forecast.learn(this.#task.agent_type, model.id, latency_ms, ok ? result.tokens : null, ok)
      return result
    } finally {
      lane.release(this.claim, performance.now() - sent, wasSent(record))
      this.log.paid(record, hold.settle(usage))
      forget?.()
    }
  }

  /** Another call's answer is taken: this one's, if it came too, is not, and if it did not, it would have taken longer still. */
  overtaken({ model, record, sent }: TaskFlight, { ok }: AttemptResult): void {
    if (ok) {
      this.log.notTaken(record)
      this.#shop.onLateAnswer(model.id)
    } else if (record.outcome === 'cancelled' && !record.hedge)
      this.#shop.forecast.learn(this.#task.agent_type, model.id, performance.now() - sent, null, false)
  }

  /** Tells that a call does not count, and why. */
  tellRetried({ attempt, heard }: TaskFlight, code: TaskErrorCode): void {
    const at_ms = roundMs(this.log.at(performance.now()))
    const { task_id } = this.#task
    this.#run.emit?.({ event: 'task.retried', data: { task_id, attempt, code, discard: heard, at_ms } })
  }

  /** Tells the whole answer of a call that was not heard while it went on. */
  tellWhole({ attempt }: TaskFlight, delta: string): void {
    this.#run.emit?.({ event: 'task.delta', data: { task_id: this.#task.task_id, attempt, delta } })
  }
}
