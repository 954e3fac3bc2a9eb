import type { Outcome } from '../contract/outcome.ts'
import type { Failure, Model, UserMessage } from '../models/port.ts'
import type { PlanTask } from '../plan/plan.ts'
import { type AttemptLog, wasSent } from './attempt-log.ts'
import type { TaskFlight } from './flight.ts'
import type { LanePort } from './lane-port.ts'
import { pause } from './pause.ts'
import type { RunContext } from './run-context.ts'
import { withSecondCall } from './second-call.ts'
import { shareEnd } from './share.ts'
import { TaskCalls } from './task-calls.ts'
import type { Workshop } from './workshop.ts'

type Step = 'next_try' | 'next_model' | Outcome

/** One task on its way to an outcome: permits, attempts, pauses and fallbacks, all within one deadline. */
class TaskJourney {
  readonly #shop: Workshop
  readonly #run: RunContext
  readonly #task: PlanTask
  readonly #deadline: number
  readonly #calls: TaskCalls
  readonly #log: AttemptLog
  #last: Failure | null = null

  constructor(shop: Workshop, run: RunContext, task: PlanTask, user: UserMessage) {
    this.#shop = shop
    this.#run = run
    this.#task = task
    this.#deadline = performance.now() + (task.timeout_ms ?? shop.task_timeout_ms)
    this.#calls = new TaskCalls(shop, run, task, user, this.#deadline)
    this.#log = this.#calls.log
  }

  async walk(): Promise<Outcome> {
    const chain = this.#shop.chainOf(this.#task)
    for (const [hop, model] of chain.entries()) {
      const lane = this.#laneOf(model)
      if (hop > 0) {
        if (lane.isFullFor(this.#run.claimant.tenant, this.#shop.lane_queue_max)) {
          this.#log.turnedAway(model, 'queue_full')
          continue
        }
        this.#run.moved(this.#task.index, model.id)
      }
      for (let tries = 1; ; tries++) {
        const step = await this.#attempt(model, lane, tries, chain, hop)
        if (typeof step === 'object') return step
        if (step === 'next_model') break
      }
    }
    const { lastOutcome } = this.#log
    if (lastOutcome === 'budget_exceeded') return this.#unpaid()
    if (lastOutcome === 'queue_full') return this.#log.failed(lastOutcome)
    return this.#failed(this.#last as Failure)
  }

  async #attempt(model: Model, lane: LanePort, tries: number, chain: readonly Model[], hop: number): Promise<Step> {
    const { cancellation } = this.#run
    const asked = performance.now()
    const pending = lane.acquire(this.#calls.claim)
    const admission = typeof pending === 'string' ? pending : await pending
    const sent = performance.now()
    // A permit that was free was not waited for: asking for it is our own cost.
    if (typeof pending !== 'string') this.#log.queue_ms += sent - asked
    if (admission === 'cancelled') return this.#log.cancelled(cancellation.message)
    if (admission === 'deadline') return this.#log.failed('task_timeout')

    const fallbacksLeft = chain.length - 1 - hop
    const end = fallbacksLeft === 0 ? this.#deadline : Math.min(this.#deadline, cancellation.deadline)
    const expected_ms = this.#shop.forecast.expectedMs(this.#task.agent_type, model.id, this.#task.max_tokens)
    const deadline = shareEnd({ sent, end, fallbacks_left: fallbacksLeft, expected_ms })
    const reserved = this.#calls.reserve(model, deadline)
    const hold = reserved instanceof Promise ? await reserved : reserved
    if (hold === null) {
      lane.release(this.#calls.claim, 0, false)
      this.#log.turnedAway(model, 'budget_exceeded')
      return fallbacksLeft > 0 ? 'next_model' : this.#unpaid()
    }
    // The ledger took its time, and the run is over meanwhile.
    if (cancellation.cancelled) {
      hold.settle(null)
      lane.release(this.#calls.claim, 0, false)
      return this.#log.cancelled(cancellation.message)
    }
    const flight = this.#calls.send({ model, lane, hold, asked, deadline, hedge: false })
    const { hedgeAfter } = this.#calls
    const result =
      hedgeAfter === null
        ? await flight.result
        : await withSecondCall(this.#shop, this.#calls, flight, hedgeAfter, {
            fallbacks: chain.slice(hop + 1),
            deadline,
          })
    if (hedgeAfter === null) this.#log.decide(model, result)
    if (tries === 1 && wasSent(flight.record)) this.#shop.retries.sent(model.id)
    if (result.ok) return this.#log.succeeded(result)
    // An open breaker says nothing new about a server that has failed us just now.
    if (result.code !== 'breaker_open' || this.#last === null) this.#last = result
    if (cancellation.cancelled) return this.#log.cancelled(cancellation.message)
    return this.#afterFailure(flight, result, tries, deadline, fallbacksLeft)
  }

  async #afterFailure(
    flight: TaskFlight,
    failure: Failure,
    tries: number,
    deadline: number,
    fallbacksLeft: number,
  ): Promise<Step> {
    const now = performance.now()
    const remaining_ms = deadline - now
    const delay = this.#shop.retries.ask({ model: flight.model.id, failure, tries, remaining_ms })
    if (delay === null && (fallbacksLeft === 0 || now >= this.#deadline)) return this.#failed(this.#last ?? failure)
    this.#log.retry_ms += now - flight.sent
    this.#calls.tellRetried(flight, failure.code)
    if (delay === null) return 'next_model'
    await pause(delay, this.#run.cancellation)
    this.#log.retry_ms += performance.now() - now
    const { cancelled, message } = this.#run.cancellation
    return cancelled ? this.#log.cancelled(message) : 'next_try'
  }

  #laneOf(model: Model): LanePort {
    return this.#shop.lanes.get(model.id) as LanePort
  }

  /** There was no money for the last model that was left. */
  #unpaid(): Outcome {
    return this.#log.failed('budget_exceeded', this.#calls.unpayable ?? undefined)
  }

  #failed({ code, message }: Failure): Outcome {
    return this.#log.failed(code, { message })
  }
}

/** Runs one task at its models. Resolves with how it ended. */
export const tryTask = (shop: Workshop, run: RunContext, task: PlanTask, user: UserMessage): Promise<Outcome> =>
  new TaskJourney(shop, run, task, user).walk()
