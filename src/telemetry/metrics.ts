import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Outcome } from '../contract/outcome.ts'
import type { ExecuteResponse } from '../contract/result.ts'
import { Distribution } from './distribution.ts'
import { type LiveSources, registerLive } from './live.ts'
import { Tally } from './tally.ts'

const PREFIX = 'consilium_'
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]
const OVERHEAD = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 1]
const RATIOS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 8, 16]
const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
const RUN_STATUSES = ['succeeded', 'partial', 'failed', 'cancelled']

export interface MetricSources extends LiveSources {
  /** Their series start at 0, so that the first event shows as an increase. */
  workflows: Iterable<string>
}

type TaskLabels = { agent_type: string; planned_model: string }

/** Every metric of the contract. Labels never hold run, patient or caller ids. */
export class Metrics {
  readonly registry = new Registry()
  readonly #runs = this.#tally('workflow_runs_total', 'Runs ended', 'workflow', 'status')
  readonly #duration = this.#distribution('workflow_duration_seconds', 'Wall time of runs', SECONDS, 'workflow')
  readonly #speedup = this.#distribution('workflow_speedup_ratio', 'Sequential time over wall time', RATIOS, 'workflow')
  readonly #efficiency = this.#distribution(
    'workflow_parallel_efficiency_ratio',
    'Speed-up over lanes used, at most 1',
    SHARES,
    'workflow',
  )
  readonly #overhead = this.#distribution(
    'workflow_overhead_seconds',
    'What the service itself cost per run',
    OVERHEAD,
    'workflow',
  )
  readonly #taskDuration = this.#distribution(
    'task_duration_seconds',
    'Time of the accepted (or last) attempt',
    SECONDS,
    'agent',
    'model',
    'status',
  )
  readonly #taskQueue = this.#distribution('task_queue_seconds', 'Waiting for permits', SECONDS, 'model')
  readonly #tasks = this.#tally('tasks_total', 'Tasks ended', 'agent', 'model', 'status')
  readonly #attempts = this.#tally('model_attempts_total', 'Calls to model servers by outcome', 'model', 'outcome')
  readonly #tokens = this.#tally('model_tokens_total', 'Tokens as the servers report them', 'model', 'type')
  readonly #fallbacks = this.#tally('model_fallbacks_total', 'Tasks handed to another model', 'from', 'to', 'reason')
  readonly #http = this.#distribution(
    'http_request_duration_seconds',
    'HTTP requests',
    SECONDS,
    'method',
    'route',
    'status',
  )
  #inFlight = 0

  constructor(sources: MetricSources) {
    collectDefaultMetrics({ register: this.registry })
    registerLive(PREFIX, sources, () => this.#inFlight, this.registry)
    for (const workflow of sources.workflows) for (const status of RUN_STATUSES) this.#runs.at(workflow, status)
  }

  runStarted(): void {
    this.#inFlight++
  }

  runEnded({ workflow_type, status, total_latency_ms, parallel_efficiency, metadata }: ExecuteResponse): void {
    this.#inFlight--
    this.#runs.at(workflow_type, status).value++
    this.#duration.at(workflow_type).observe(total_latency_ms / 1000)
    // A run in which nothing succeeded has no critical path: no speed-up, and all its time would count as our overhead.
    if (metadata.speedup_factor === 0) return
    this.#speedup.at(workflow_type).observe(metadata.speedup_factor)
    this.#efficiency.at(workflow_type).observe(parallel_efficiency)
    this.#overhead.at(workflow_type).observe(metadata.overhead_ms / 1000)
  }

  taskEnded({ agent_type, planned_model }: TaskLabels, outcome: Outcome): void {
    const model = outcome.model ?? planned_model
    const { status, tokens, prompt_tokens, attempts } = outcome
    this.#tasks.at(agent_type, model, status).value++
    if (attempts.length > 0) this.#taskDuration.at(agent_type, model, status).observe(outcome.latency_ms / 1000)
    if (status !== 'skipped') this.#taskQueue.at(model).observe(outcome.queue_ms / 1000)
    if (tokens !== null) this.#tokens.at(model, 'completion').value += tokens
    if (prompt_tokens !== null) this.#tokens.at(model, 'prompt').value += prompt_tokens
    for (const [index, attempt] of attempts.entries()) {
      this.#attempts.at(attempt.model, attempt.outcome).value++
      const before = index === 0 ? undefined : attempts[index - 1]
      if (before !== undefined && before.model !== attempt.model)
        this.#fallbacks.at(before.model, attempt.model, before.outcome).value++
    }
  }

  httpEnded(method: string, route: string, status: number, seconds: number): void {
    this.#http.at(method, route, String(status)).observe(seconds)
  }

  #tally(name: string, help: string, ...labelNames: string[]): Tally {
    return new Tally(PREFIX + name, help, labelNames, this.registry)
  }

  #distribution(name: string, help: string, bounds: readonly number[], ...labelNames: string[]): Distribution {
    return new Distribution(PREFIX + name, help, labelNames, bounds, this.registry)
  }
}
