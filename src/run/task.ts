import type { RunEvent } from '../contract/events.ts'
import { type Outcome, UNTOUCHED } from '../contract/outcome.ts'
import type { Attempt } from '../contract/result.ts'
import { TASK_ERRORS, type TaskErrorCode } from '../errors.ts'
import type { Completion, Failure, Model, ModelPort, RetryPolicy, UserMessage } from '../models/port.ts'
import type { PlanTask } from '../plan/plan.ts'
import { roundMs } from '../results/round.ts'
import type { Cancellation } from './cancellation.ts'
import type { Lane, LaneTable } from './lane.ts'
import { pause } from './pause.ts'

/** What running a task needs, the same for all tasks of all runs. */
export interface Workshop {
  lanes: LaneTable
  models: ModelPort
  retry: RetryPolicy
  /** The models of an agent, the pinned one first, then its fallbacks. */
  chainOf: (agent_type: string) => readonly Model[]
  task_timeout_ms: number
  /** How long a model usually takes to answer, in ms; null while unknown. */
  usualMs: (model: string) => number | null
  /** Waiting calls that a lane takes before a fallback is turned away from it. */
  lane_queue_max: number
}

/** What a task tells while it goes on. */
export type TaskEvent = Exclude<RunEvent, { event: `run.${string}` }>

/** What running a task needs of its run. */
export interface TaskRun {
  task: PlanTask
  user: UserMessage
  rank: number
  /** Start of the run on the clock of performance.now(). */
  t0: number
  cancellation: Cancellation
  emit: ((event: TaskEvent) => void) | null
}

type Step = 'next_try' | 'next_model' | Outcome

/** One task on its way to an outcome: permits, attempts, pauses and fallbacks, all within one deadline. */
class TaskJourney {
  readonly #shop: Workshop
  readonly #run: TaskRun
  readonly #readyAt = performance.now()
  readonly #deadline: number
  readonly #attempts: Attempt[] = []
  #queueMs = 0
  #retryMs = 0
  #startedAt: number | null = null
  #model: Model | null = null
  #last: Failure | null = null

  constructor(shop: Workshop, run: TaskRun) {
    this.#shop = shop
    this.#run = run
    this.#deadline = this.#readyAt + (run.task.timeout_ms ?? shop.task_timeout_ms)
  }

  async walk(): Promise<Outcome> {
    const chain = this.#shop.chainOf(this.#run.task.agent_type)
    for (const [hop, model] of chain.entries()) {
      const lane = this.#shop.lanes.get(model.id) as Lane
      if (hop > 0 && lane.queued >= this.#shop.lane_queue_max) {
        this.#turnedAway(model)
        continue
      }
      for (let tries = 1; ; tries++) {
        const step = await this.#attempt(model, lane, tries, chain.length - 1 - hop)
        if (typeof step === 'object') return step
        if (step === 'next_model') break
      }
    }
    return this.#failed(this.#last?.code ?? 'internal_error', this.#last?.message)
  }

  async #attempt(model: Model, lane: Lane, tries: number, fallbacksLeft: number): Promise<Step> {
    const { task, cancellation, rank, user } = this.#run
    const asked = performance.now()
    const pending = lane.acquire({ priority: task.priority, rank, deadline: this.#deadline, cancel: cancellation })
    const admission = typeof pending === 'string' ? pending : await pending
    const sent = performance.now()
    // A permit that was free was not waited for: asking for it is our own cost.
    if (typeof pending !== 'string') this.#queueMs += sent - asked
    if (admission === 'cancelled') return this.#cancelled()
    if (admission === 'deadline') return this.#failed('task_timeout')

    this.#model = model
    this.#startedAt ??= sent
    this.#emitStarted(model, sent)
    // A server that hangs may use up only its share, so that the next one still has time before task and run end.
    const end = fallbacksLeft === 0 ? this.#deadline : Math.min(this.#deadline, cancellation.deadline)
    const shareEnd = sent + (end - sent) / (1 + fallbacksLeft)
    const { system, max_tokens, temperature } = task
    const result = await this.#call(lane, model, { system, user, max_tokens, temperature, deadline: shareEnd })
    const code = result.ok ? 'ok' : result.code
    this.#attempts.push({ model: model.id, url: model.url, outcome: code, latency_ms: result.latency_ms })
    if (result.ok) return this.#succeeded(result)
    // An open breaker says nothing new about a server that has failed us just now.
    if (result.code !== 'breaker_open' || this.#last === null) this.#last = result
    if (cancellation.cancelled) return this.#cancelled()
    return this.#afterFailure(result, tries, shareEnd, fallbacksLeft)
  }

  async #call(lane: Lane, model: Model, request: Parameters<ModelPort['call']>[1]) {
    try {
      return await this.#shop.models.call(model, request, this.#run.cancellation)
    } finally {
      lane.release()
    }
  }

  async #afterFailure(failure: Failure, tries: number, shareEnd: number, fallbacksLeft: number): Promise<Step> {
    const now = performance.now()
    const last = this.#last ?? failure
    const delay = this.#shop.retry({ failure, tries, remaining_ms: shareEnd - now })
    if (delay === null && (fallbacksLeft === 0 || now >= this.#deadline)) return this.#failed(last.code, last.message)
    this.#retryMs += failure.latency_ms
    this.#emitRetried(failure.code, now)
    if (delay === null) return 'next_model'
    await pause(delay, this.#run.cancellation)
    this.#retryMs += performance.now() - now
    return this.#run.cancellation.cancelled ? this.#cancelled() : 'next_try'
  }

  #turnedAway(model: Model): void {
    const failure = {
      ok: false,
      code: 'queue_full',
      message: TASK_ERRORS.queue_full,
      transient: false,
      retry_after_ms: null,
      latency_ms: 0,
    } as const
    this.#last = failure
    this.#attempts.push({ model: model.id, url: model.url, outcome: failure.code, latency_ms: 0 })
  }

  #at(now: number): number {
    return now - this.#run.t0
  }

  #emitStarted(model: Model, now: number): void {
    this.#run.emit?.({
      event: 'task.started',
      data: {
        task_id: this.#run.task.task_id,
        attempt: this.#attempts.length + 1,
        model: model.id,
        gpu: model.gpu,
        at_ms: roundMs(this.#at(now)),
      },
    })
  }

  #emitRetried(code: TaskErrorCode, now: number): void {
    this.#run.emit?.({
      event: 'task.retried',
      data: {
        task_id: this.#run.task.task_id,
        attempt: this.#attempts.length,
        code,
        discard: false,
        at_ms: roundMs(this.#at(now)),
      },
    })
  }

  #outcome(own: Partial<Outcome> & Pick<Outcome, 'status'>): Outcome {
    return {
      ...UNTOUCHED,
      model: this.#model?.id ?? null,
      backend: this.#model?.url ?? null,
      gpu: this.#model?.gpu ?? null,
      latency_ms: this.#attempts.at(-1)?.latency_ms ?? 0,
      queue_ms: this.#queueMs,
      retry_ms: this.#retryMs,
      started_at_ms: this.#startedAt === null ? null : this.#at(this.#startedAt),
      ended_at_ms: this.#at(performance.now()),
      attempts: this.#attempts,
      ...own,
    }
  }

  #succeeded(result: Completion): Outcome {
    const { content, tokens, prompt_tokens, finish_reason, truncated, simulated, warnings } = result
    return this.#outcome({
      status: 'succeeded',
      content,
      tokens,
      prompt_tokens,
      finish_reason,
      truncated,
      simulated,
      warnings,
    })
  }

  #failed(code: TaskErrorCode, message: string = TASK_ERRORS[code]): Outcome {
    return this.#outcome({ status: 'failed', error: { code, message } })
  }

  #cancelled(): Outcome {
    return this.#outcome({ status: 'cancelled', error: { code: 'cancelled', message: TASK_ERRORS.cancelled } })
  }
}

/** Runs one task whose dependencies have succeeded. Resolves with how it ended. */
export const runTask = (shop: Workshop, run: TaskRun): Promise<Outcome> => new TaskJourney(shop, run).walk()
