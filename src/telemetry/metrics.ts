import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Outcome } from '../contract/outcome.ts'
import type { ExecuteResponse } from '../contract/result.ts'
import type { GpuBudget, Lane } from '../run/lane.ts'
import { Tally } from './tally.ts'

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]
const OVERHEAD = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 1]
const RATIOS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 8, 16]
const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]

const RUN_STATUSES = ['succeeded', 'partial', 'failed', 'cancelled']

/** What is read when Prometheus asks, not counted as it happens. */
export interface LiveSources {
  lanes: Iterable<Lane>
  gpus: Iterable<GpuBudget>
  breakerOpen: (model: string) => boolean
  /** Their series start at 0, so that the first event shows as an increase. */
  workflows: Iterable<string>
  version: string
}

type TaskLabels = { agent_type: string; planned_model: string }

/** Every metric of the contract. Labels never hold run, patient or caller ids. */
export class Metrics {
  readonly registry = new Registry()
  readonly #prefix = 'consilium_'
  readonly #runs = this.#tally('workflow_runs_total', 'Runs ended', ['workflow', 'status'])
  readonly #duration = this.#histogram('workflow_duration_seconds', 'Wall time of runs', ['workflow'], SECONDS)
  readonly #speedup = this.#histogram('workflow_speedup_ratio', 'Sequential time over wall time', ['workflow'], RATIOS)
  readonly #efficiency = this.#histogram(
    'workflow_parallel_efficiency_ratio',
    'Speed-up over lanes used, at most 1',
    ['workflow'],
    SHARES,
  )
  readonly #overhead = this.#histogram(
    'workflow_overhead_seconds',
    'What the service itself cost per run',
    ['workflow'],
    OVERHEAD,
  )
  readonly #taskDuration = this.#histogram(
    'task_duration_seconds',
    'Time of the accepted (or last) attempt',
    ['agent', 'model', 'status'],
    SECONDS,
  )
  readonly #taskQueue = this.#histogram('task_queue_seconds', 'Waiting for permits', ['model'], SECONDS)
  readonly #tasks = this.#tally('tasks_total', 'Tasks ended', ['agent', 'model', 'status'])
  readonly #attempts = this.#tally('model_attempts_total', 'Calls to model servers by outcome', ['model', 'outcome'])
  readonly #tokens = this.#tally('model_tokens_total', 'Tokens as the servers report them', ['model', 'type'])
  readonly #fallbacks = this.#tally('model_fallbacks_total', 'Tasks handed to another model', ['from', 'to', 'reason'])
  readonly #http = this.#histogram(
    'http_request_duration_seconds',
    'HTTP requests',
    ['method', 'route', 'status'],
    SECONDS,
  )
  #inFlight = 0

  constructor(sources: LiveSources) {
    collectDefaultMetrics({ register: this.registry })
    this.#readLive(sources)
    for (const workflow of sources.workflows) for (const status of RUN_STATUSES) this.#runs.add(0, workflow, status)
  }

  runStarted(): void {
    this.#inFlight++
  }

  runEnded({
    workflow_type: workflow,
    status,
    total_latency_ms,
    parallel_efficiency,
    metadata,
  }: ExecuteResponse): void {
    this.#inFlight--
    this.#runs.add(1, workflow, status)
    this.#duration.observe({ workflow }, total_latency_ms / 1000)
    // A run in which nothing succeeded has no critical path: no speed-up, and all its time would count as our overhead.
    if (metadata.speedup_factor === 0) return
    this.#speedup.observe({ workflow }, metadata.speedup_factor)
    this.#efficiency.observe({ workflow }, parallel_efficiency)
    this.#overhead.observe({ workflow }, metadata.overhead_ms / 1000)
  }

  taskEnded({ agent_type: agent, planned_model }: TaskLabels, outcome: Outcome): void {
    const model = outcome.model ?? planned_model
    const { status } = outcome
    this.#tasks.add(1, agent, model, status)
    if (outcome.attempts.length > 0) this.#taskDuration.observe({ agent, model, status }, outcome.latency_ms / 1000)
    if (status !== 'skipped') this.#taskQueue.observe({ model }, outcome.queue_ms / 1000)
    if (outcome.tokens !== null) this.#tokens.add(outcome.tokens, model, 'completion')
    if (outcome.prompt_tokens !== null) this.#tokens.add(outcome.prompt_tokens, model, 'prompt')
    let previous: Outcome['attempts'][number] | null = null
    for (const attempt of outcome.attempts) {
      this.#attempts.add(1, attempt.model, attempt.outcome)
      if (previous !== null && previous.model !== attempt.model)
        this.#fallbacks.add(1, previous.model, attempt.model, previous.outcome)
      previous = attempt
    }
  }

  httpEnded(method: string, route: string, status: number, seconds: number): void {
    this.#http.observe({ method, route, status }, seconds)
  }

  #readLive({ lanes, gpus, breakerOpen, version }: LiveSources): void {
    const all = [...lanes]
    const perLane = (name: string, help: string, read: (lane: Lane) => number) =>
      this.#gauge(name, help, ['model', 'gpu'], (gauge) => {
        for (const lane of all) gauge.set({ model: lane.model, gpu: lane.gpu.id }, read(lane))
      })
    perLane('lane_slots', 'Permits of the lane', (lane) => lane.slots)
    perLane('lane_busy', 'Permits in use', (lane) => lane.busy)
    perLane('lane_queued', 'Calls waiting for a permit', (lane) => lane.queued)
    this.#gauge('breaker_open', '1 while the breaker of a model server is open', ['model'], (gauge) => {
      for (const lane of all) gauge.set({ model: lane.model }, breakerOpen(lane.model) ? 1 : 0)
    })
    this.#gauge('runs_in_flight', 'Runs that have started and not ended', [], (gauge) => gauge.set(this.#inFlight))
    this.#gauge('build_info', 'Version of the service and of Node', ['version', 'node'], (gauge) =>
      gauge.set({ version, node: process.version }, 1),
    )
    const budgets = [...gpus]
    new Counter({
      name: `${this.#prefix}gpu_busy_seconds_total`,
      help: 'Time during which a GPU had at least one call in flight',
      labelNames: ['gpu'],
      registers: [this.registry],
      collect() {
        this.reset()
        for (const gpu of budgets) this.inc({ gpu: gpu.id }, gpu.busyMs() / 1000)
      },
    })
  }

  #tally<L extends string>(name: string, help: string, labelNames: L[]): Tally<L> {
    return new Tally(this.#prefix + name, help, labelNames, this.registry)
  }

  #histogram<L extends string>(name: string, help: string, labelNames: L[], buckets: number[]): Histogram<L> {
    return new Histogram({ name: this.#prefix + name, help, labelNames, buckets, registers: [this.registry] })
  }

  #gauge<L extends string>(name: string, help: string, labelNames: L[], read: (gauge: Gauge<L>) => void): void {
    new Gauge({
      name: this.#prefix + name,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        read(this)
      },
    })
  }
}
