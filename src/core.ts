import type { Logger } from 'pino'
import { customLayout } from '../workflows/custom.ts'
import type { Config } from './config.ts'
import type { RosterView } from './contract/roster.ts'
import { buildLanes, pinAgents } from './lanes.ts'
import { createRetryPolicy } from './models/retry.ts'
import { withinBudget } from './models/retry-budget.ts'
import { buildRoster, type Roster } from './models/roster.ts'
import { ModelServers } from './models/servers.ts'
import { Orchestrator } from './orchestrator.ts'
import { type Catalogue, compileCatalogue } from './plan/catalogue.ts'
import type { WorkflowDefinition } from './plan/workflow.ts'
import type { Replicas } from './queue/replicas.ts'
import { viewRoster } from './roster-view.ts'
import { Backlog } from './run/backlog.ts'
import { waitBehindAll } from './run/estimate.ts'
import { Forecast } from './run/forecast.ts'
import type { LanePort } from './run/lane-port.ts'
import { Metrics } from './telemetry/metrics.ts'
import { createObserver } from './telemetry/observer.ts'
import { version } from './version.ts'

const GOOD_NEWS = new Set(['reachable', 'slots_learned', 'name_resolved'])

/** Everything but HTTP: what the service and the library have in common. */
export interface Core {
  roster: Roster
  catalogue: Catalogue
  orchestrator: Orchestrator
  metrics: Metrics
  /** The roster with what is true now. */
  viewRoster: () => RosterView
  /** Begins to look after the model servers. */
  start: () => void
  /** Ends every connection to model servers. */
  close: () => Promise<void>
}

/** Builds the core from a Config, its lanes shared with `replicas` if there are any. Throws a ConfigError when roster and workflows do not fit together. */
export function buildCore(
  config: Config,
  workflows: readonly WorkflowDefinition[],
  log: Logger,
  replicas: Replicas | null = null,
): Core {
  const { limits } = config
  const roster = buildRoster(config.models)
  const { gpus, lanes } = buildLanes(roster, limits.priorityAgingMs, replicas)
  const agents = pinAgents(roster, lanes)
  const catalogue = compileCatalogue(workflows, agents)
  const servers = new ModelServers(roster.models.values(), {
    breaker_cooldown_ms: limits.breakerCooldownMs,
    onBreaker: (model, state) => metrics.models.breakerChanged(model, state),
    ollama_parallel: config.models.ollamaParallel,
    onSlots: (model, slots) => lanes.get(model)?.resize(slots),
    log: (finding) => log[GOOD_NEWS.has(finding.finding) ? 'info' : 'warn'](finding, 'model server'),
  })
  const backlog = new Backlog()
  const estimatedWaitMs = (model: string) => waitBehindAll(lanes.get(model) as LanePort, backlog)
  const metrics = new Metrics({
    lanes: [...lanes.values()],
    gpus: [...gpus.values()],
    workflows: [...catalogue.keys(), 'custom'],
    queueDegraded: () => (replicas === null ? null : replicas.degraded),
    breakerOpen: (model) => servers.view(model).breaker === 'open',
    estimatedWaitMs,
    noticed: (model) => servers.noticed(model),
    version,
  })
  const orchestrator = new Orchestrator({
    office: { catalogue, agents, max_tasks: limits.maxTasks, custom_layout: customLayout },
    workshop: {
      lanes,
      models: servers,
      retries: withinBudget(createRetryPolicy(), (model, allowed) => metrics.models.retryWanted(model, allowed)),
      forecast: new Forecast(),
      backlog,
      chainOf: (agent) => roster.chains.get(agent) ?? [],
      works: (model) => servers.works(model),
      hedgeAfterMs: (agent) => roster.hedges.get(agent) ?? null,
      onLateAnswer: (model) => metrics.models.answeredLate(model),
      task_timeout_ms: limits.taskTimeoutMs,
      lane_queue_max: limits.laneQueueMax,
    },
    observer: createObserver(metrics, log),
    run_timeout_ms: limits.runTimeoutMs,
  })

  return {
    roster,
    catalogue,
    orchestrator,
    metrics,
    viewRoster: () => viewRoster({ roster, gpus, lanes, servers, estimatedWaitMs }),
    start: () => servers.start(),
    close: () => servers.close(),
  }
}
