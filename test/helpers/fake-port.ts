import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import type { CancelSignal } from '../../src/contract/cancel.ts'
import { TASK_ERRORS, type TaskErrorCode } from '../../src/errors.ts'
import type {
  AttemptResult,
  Completion,
  Failure,
  Model,
  ModelPort,
  ModelRequest,
  Retries,
} from '../../src/models/port.ts'
import type { RetryPolicy } from '../../src/models/retry.ts'
import type { Purse } from '../../src/routing/budget/port.ts'
import { Backlog } from '../../src/run/backlog.ts'
import { Cancellation } from '../../src/run/cancellation.ts'
import { Forecast } from '../../src/run/forecast.ts'
import { GpuBudget } from '../../src/run/gpu-budget.ts'
import { Lane } from '../../src/run/lane.ts'
import type { AdmissionRequest } from '../../src/run/lane-port.ts'
import type { Claimant } from '../../src/run/policy.ts'
import type { RunContext } from '../../src/run/run-context.ts'
import type { Workshop } from '../../src/run/workshop.ts'

/** One call that the fake was asked for. It stays in flight until the test, or the script, ends it. */
export interface FakeCall {
  readonly model: string
  readonly request: ModelRequest
  readonly started_ms: number
  succeed: (content?: string, own?: Partial<Completion>) => void
  fail: (code: TaskErrorCode, own?: Partial<Failure>) => void
  /** What the port promises never to do: reject. */
  crash: (error: Error) => void
}

/**
 * A model port whose calls end when the test says so. Like the real one it resolves a call given up as `cancelled`
 * (or as `upstream_timeout` when the run's time was over)
 * and measures latency on performance.now(). `script` may end a call at once, later, or leave it to the test.
 */
export class FakePort implements ModelPort {
  readonly calls: FakeCall[] = []
  readonly inFlight = new Map<string, number>()
  /** The most calls that were ever in flight at once, by model. */
  readonly peak = new Map<string, number>()
  readonly #script: (call: FakeCall) => void
  readonly #watchers: (() => void)[] = []

  constructor(script: (call: FakeCall) => void = () => undefined) {
    this.#script = script
  }

  call(model: Model, request: ModelRequest, cancel: CancelSignal): Promise<AttemptResult> {
    const busy = (this.inFlight.get(model.id) ?? 0) + 1
    this.inFlight.set(model.id, busy)
    this.peak.set(model.id, Math.max(busy, this.peak.get(model.id) ?? 0))
    const { promise, resolve, reject } = Promise.withResolvers<AttemptResult>()
    let open = true
    const end = (finish: () => void) => {
      if (!open) return
      open = false
      forget()
      this.inFlight.set(model.id, (this.inFlight.get(model.id) ?? 0) - 1)
      finish()
    }
    const started_ms = performance.now()
    const fail = (code: TaskErrorCode, own: Partial<Failure> = {}) =>
      end(() => resolve(failure(code, { latency_ms: performance.now() - started_ms, ...own })))
    const forget = cancel.onCancel(() => fail(cancel.timed_out ? 'upstream_timeout' : 'cancelled'))
    const call: FakeCall = {
      model: model.id,
      request,
      started_ms,
      succeed: (content = 'text', own = {}) =>
        end(() => resolve(completion({ content, latency_ms: performance.now() - started_ms, ...own }))),
      fail,
      crash: (error) => end(() => reject(error)),
    }
    this.calls.push(call)
    this.#script(call)
    for (const look of this.#watchers) look()
    return promise
  }

  /** The user message of the call for the task `task_id`, whose prompt must be that of `task()`. */
  callOf(task_id: string): FakeCall {
    const found = this.calls.filter(({ request }) => String(request.user).startsWith(`Write ${task_id}.`))
    if (found.length !== 1) throw new Error(`${found.length} calls for ${task_id}`)
    return found[0] as FakeCall
  }

  /** Resolves with the nth call (1 is the first) when it has been made. */
  nth(count: number): Promise<FakeCall> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.calls.length >= count) resolve(this.calls[count - 1] as FakeCall)
      }
      this.#watchers.push(look)
      look()
    })
  }

  /** The tasks asked for so far, in order, by the prompt of `task()`. */
  get asked(): string[] {
    return this.calls.map(({ request }) => /^Write ([^.]*)\./.exec(String(request.user))?.[1] ?? '')
  }
}

/** Lets everything happen that needs no further event. */
export const quiet = (): Promise<void> => turnOfTheLoop()

export const completion = (own: Partial<Completion> = {}): Completion => ({
  ok: true,
  content: 'text',
  tokens: 7,
  prompt_tokens: 11,
  finish_reason: 'stop',
  truncated: false,
  simulated: false,
  warnings: [],
  latency_ms: 0,
  first_token_ms: null,
  ...own,
})

export const failure = (code: TaskErrorCode, own: Partial<Failure> = {}): Failure => ({
  ok: false,
  code,
  message: TASK_ERRORS[code],
  transient: false,
  retry_after_ms: null,
  latency_ms: 0,
  ...own,
})

export const NO_RETRIES: Retries = { sent: () => undefined, ask: () => null, allow: () => true }

/** Asks again as `policy` says, without a budget. */
export const retriesBy = (policy: RetryPolicy): Retries => ({ ...NO_RETRIES, ask: policy })

export const claimant = (own: Partial<Claimant> = {}): Claimant => ({
  tenant: 'default',
  start: 0,
  path: 0,
  given: 0,
  ...own,
})

/** A request for a permit that may wait ten minutes. */
export const permitRequest = (own: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  claimant: claimant(),
  priority: 0,
  rank: 0,
  work: 0,
  deadline: performance.now() + 600_000,
  cancel: new Cancellation(),
  ...own,
})

/** A run that begins now, whose tasks have neither rank nor expected work. */
/** Nothing has a price. */
export const NO_PRICES: Purse = { spent: 0, reserve: () => ({ worst: 0, settle: () => 0 }) }

export const runContext = (own: Partial<RunContext> = {}): RunContext => ({
  t0: performance.now(),
  cancellation: new Cancellation(),
  emit: null,
  claimant: claimant({ start: performance.now() }),
  weights: [],
  ranks: [],
  moved: () => undefined,
  purse: NO_PRICES,
  ...own,
})

export interface ShopSpec {
  /** Model id → slots. */
  slots?: Record<string, number>
  /** Model id → GPU. @default 0 for all */
  gpu?: Record<string, number>
  /** Cap over all lanes of each GPU. */
  gpu_max?: number
  /** Agent → models, the pinned one first. */
  chains?: Record<string, string[]>
  parts?: Partial<Workshop>
}

export interface FakeShop extends Workshop {
  /** Permits taken and calls waiting over all lanes: both 0 when nothing has leaked. */
  taken: () => number
  waiting: () => number
  lane: (model: string) => Lane
  gpus: Map<number, GpuBudget>
}

/** A workshop over a fake port, by default with the models of `AGENTS` in plans.ts, no retries and long timeouts. */
export function fakeShop(port: ModelPort, spec: ShopSpec = {}): FakeShop {
  const { slots = { 'clinical-model': 2, 'qa-model': 2, 'billing-model': 2 }, gpu = {}, parts = {} } = spec
  const chains = spec.chains ?? { Clinical: ['clinical-model'], MedicalQA: ['qa-model'], Billing: ['billing-model'] }
  const gpus = new Map<number, GpuBudget>()
  const lanes = new Map<string, Lane>()
  const models = new Map<string, Model>()
  for (const [id, permits] of Object.entries(slots)) {
    const on = gpu[id] ?? 0
    const budget = gpus.get(on) ?? new GpuBudget(on, spec.gpu_max)
    gpus.set(on, budget)
    lanes.set(id, new Lane(id, permits, budget, 15_000))
    const url = `http://127.0.0.1:1/${id}/v1`
    models.set(id, { id, url, gpu: on, slots: permits, context_window: null, served_model: id, api_key: null })
  }
  const sum = (what: (one: Lane) => number) => [...lanes.values()].reduce((total, one) => total + what(one), 0)
  return {
    lanes,
    models: port,
    retries: NO_RETRIES,
    forecast: new Forecast(),
    backlog: new Backlog(),
    chainOf: (task) => (task.models ?? chains[task.agent_type] ?? []).map((id) => models.get(id) as Model),
    works: () => true,
    hedgeAfterMs: () => null,
    openPurse: () => NO_PRICES,
    answers: null,
    findEvidence: async () => ({ block: '', warning: null, cite: () => ({ citations: [], unknown: [] }) }),
    onLateAnswer: () => undefined,
    task_timeout_ms: 60_000,
    lane_queue_max: 1000,
    ...parts,
    taken: () => sum(({ busy }) => busy) + [...gpus.values()].reduce((total, { busy }) => total + busy, 0),
    waiting: () => sum(({ queued }) => queued),
    lane: (model) => lanes.get(model) as Lane,
    gpus,
  }
}
