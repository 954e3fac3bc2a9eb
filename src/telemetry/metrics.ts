import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Outcome } from '../contract/outcome.ts'
import type { ExecuteResponse } from '../contract/result.ts'
import { FALLBACK_REASONS, type FallbackReason } from '../contract/supervise.ts'
import type { PlanTask } from '../plan/plan.ts'
import type { RefusalReason } from '../run/admission.ts'
import { ApprovalMetrics } from './approval-metrics.ts'
import { AuditMetrics } from './audit-metrics.ts'
import { Distribution } from './distribution.ts'
import { type LiveSources, registerLive } from './live.ts'
import { ModelMetrics } from './model-metrics.ts'
import { RoutingMetrics } from './routing-metrics.ts'
import { StoreMetrics } from './store-metrics.ts'
import { Tally } from './tally.ts'
import { WaitMetrics } from './waits.ts'
import { WebhookMetrics } from './webhook-metrics.ts'

const PREFIX = 'consilium_'
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]
const OVERHEAD = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 1]
const RATIOS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 8, 16]
const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
const RUN_STATUSES = ['succeeded', 'partial', 'failed', 'cancelled']

const REFUSALS: readonly RefusalReason[] = ['lane_full', 'too_late']

export interface MetricSources extends Omit<LiveSources, 'lateHedges'> {
  /** Their series start at 0, so that the first event shows as an increase. */
  workflows: Iterable<string>
}

type TaskLabels = Pick<PlanTask, 'agent_type' | 'planned_model' | 'priority' | 'routing' | 'cache'>

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
  readonly #tasks = this.#tally('tasks_total', 'Tasks ended', 'agent', 'model', 'status')
  readonly #waits = new WaitMetrics(
    this.#distribution('task_queue_seconds', 'Waiting for permits, per task', SECONDS, 'model'),
    this.#distribution('lane_wait_seconds', 'Waiting for permits, per call', SECONDS, 'model', 'priority'),
  )
  readonly #refused = this.#tally('runs_refused_total', 'Runs refused before anything started', 'reason')
  readonly #fallbacks = this.#tally(
    'routing_fallbacks_total',
    'Tasks for which the router chose in place of the orchestrator model',
    'reason',
  )
  readonly models = new ModelMetrics(PREFIX, this.registry)
  readonly #routing = new RoutingMetrics(PREFIX, this.registry)
  readonly approvals = new ApprovalMetrics(PREFIX, this.registry)
  readonly audit = new AuditMetrics(PREFIX, this.registry)
  readonly store = new StoreMetrics(PREFIX, this.registry)
  readonly webhooks = new WebhookMetrics(PREFIX, this.registry)
  readonly #http = this.#distribution(
    'http_request_duration_seconds',
    'HTTP requests',
    SECONDS,
    'method',
    'route',
    'status',
  )
  readonly #droppedReaders = this.#tally('dropped_readers_total', 'Readers of events dropped as too slow')
  #inFlight = 0

  constructor(sources: MetricSources) {
    collectDefaultMetrics({ register: this.registry })
    const lateHedges = (model: string) => this.models.lateHedges(model)
    registerLive(PREFIX, { ...sources, lateHedges }, () => this.#inFlight, this.registry)
    for (const workflow of sources.workflows) for (const status of RUN_STATUSES) this.#runs.at(workflow, status)
    for (const { model } of sources.lanes) this.models.begin(model)
    this.#droppedReaders.at()
    for (const reason of REFUSALS) this.#refused.at(reason)
    for (const reason of FALLBACK_REASONS) this.#fallbacks.at(reason)
  }

  runStarted(): void {
    this.#inFlight++
  }

  runParked(): void {
    this.#inFlight--
  }

  runEnded({ workflow_type, status, total_latency_ms, parallel_efficiency, metadata }: ExecuteResponse): void {
    this.#inFlight--
    this.#runs.at(workflow_type, status).value++
    this.#duration.at(workflow_type).observe(total_latency_ms / 1000)
    // A run in which nothing succeeded has no critical path: no speed-up, and all its time would count as our overhead.
    if (metadata.speedup_factor === 0) return
    this.#speedup.at(workflow_type).observe(metadata.speedup_factor)
    this.#efficiency.at(workflow_type).observe(parallel_efficiency)
    this.#overhead.at(workflow_type).observe(metadata.service_ms / 1000)
  }

  taskEnded(task: TaskLabels, outcome: Outcome): void {
    const { agent_type, planned_model } = task
    const model = outcome.model ?? planned_model
    const { status, attempts } = outcome
    this.#tasks.at(agent_type, model, status).value++
    if (attempts.length > 0) this.#taskDuration.at(agent_type, model, status).observe(outcome.latency_ms / 1000)
    this.#waits.taskEnded(model, task, outcome)
    this.models.taskEnded(model, outcome)
    this.#routing.taskEnded(task, outcome)
  }

  /** A run was refused before anything of it started. */
  runRefused(reason: RefusalReason): void {
    this.#refused.at(reason).value++
  }

  /** The router chose in place of the orchestrator model. */
  fellBack(reason: FallbackReason): void {
    this.#fallbacks.at(reason).value++
  }

  httpEnded(method: string, route: string, status: number, seconds: number): void {
    this.#http.at(method, route, String(status)).observe(seconds)
  }

  readerDropped(): void {
    this.#droppedReaders.at().value++
  }

  #tally(name: string, help: string, ...labelNames: string[]): Tally {
    return new Tally(PREFIX + name, help, labelNames, this.registry)
  }

  #distribution(name: string, help: string, bounds: readonly number[], ...labelNames: string[]): Distribution {
    return new Distribution(PREFIX + name, help, labelNames, bounds, this.registry)
  }
}
