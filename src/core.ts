import type { Logger } from 'pino'
import { customLayout } from '../workflows/custom.ts'
import { askerOf } from './asker.ts'
import { type BudgetLeft, createBudgetLeft } from './budget-left.ts'
import type { Config } from './config.ts'
import type { RosterView } from './contract/roster.ts'
import { safeError } from './contract/safe-error.ts'
import type { RunCaller } from './contract/service.ts'
import { evidenceFrom } from './evidence-desk.ts'
import { buildLanes, pinAgents, pinModels } from './lanes.ts'
import type { Memories } from './memories.ts'
import type { Model } from './models/port.ts'
import { createRetryPolicy } from './models/retry.ts'
import { withinBudget } from './models/retry-budget.ts'
import { buildRoster, type Roster } from './models/roster.ts'
import { ModelServers } from './models/servers.ts'
import { Orchestrator } from './orchestrator.ts'
import { type Catalogue, compileCatalogue } from './plan/catalogue.ts'
import type { WorkflowDefinition } from './plan/workflow.ts'
import { createPurses } from './purses.ts'
import type { Replicas } from './queue/replicas.ts'
import { viewRoster } from './roster-view.ts'
import { createRouter, type Router } from './router.ts'
import { MemoryLedger } from './routing/budget/memory-ledger.ts'
import type { Accounts, SpendingLedger } from './routing/budget/port.ts'
import { resolveCard } from './routing/cards/resolve.ts'
import { AnswerCache } from './run/answer-cache.ts'
import type { Asker } from './run/asker.ts'
import { Backlog } from './run/backlog.ts'
import { createEmbedder, type Embedder } from './run/embedder.ts'
import { waitBehindAll } from './run/estimate.ts'
import { Forecast } from './run/forecast.ts'
import type { LanePort } from './run/lane-port.ts'
import { createSupervising, type Supervising } from './supervising.ts'
import { Metrics } from './telemetry/metrics.ts'
import { createObserver } from './telemetry/observer.ts'
import { TaskStats } from './telemetry/task-stats.ts'
import { version } from './version.ts'

const GOOD_NEWS = new Set(['reachable', 'slots_learned', 'name_resolved'])

/** Everything but HTTP: what the service and the library have in common. */
export interface Core {
  roster: Roster
  catalogue: Catalogue
  orchestrator: Orchestrator
  router: Router
  /** When a small model is asked for the kind of a task, and which. */
  clarifying: Config['clarifying']
  stats: TaskStats
  /** Null: this process keeps nothing. */
  memories: Memories | null
  /** Who asks for embeddings outside of a run. */
  askerOf: (caller: RunCaller) => Asker
  /** What a caller's accounts have left, for the choice of models. */
  budgetLeft: BudgetLeft
  answers: AnswerCache | null
  /** Makes a supervisor that has its work done by an engine. */
  supervising: Supervising
  metrics: Metrics
  /** The roster with what is true now. */
  viewRoster: () => RosterView
  /** Begins to look after the model servers. */
  start: () => void
  /** Ends every connection to model servers. */
  close: () => Promise<void>
}

export interface CoreParts {
  /** @default built from the Config */
  roster?: Roster
  /** With whom the lanes are shared. @default null, nobody */
  replicas?: Replicas | null
  /** Where spending is counted. @default in this process alone */
  ledger?: SpendingLedger & Accounts
  /** Opens what is remembered, for the models of the roster. @default nothing is */
  openMemories?: (models: Roster['models'], embedderFor: (model: Model) => Embedder) => Memories
}

/** Builds the core from a Config. Throws a ConfigError when roster and workflows do not fit together. */
export function buildCore(
  config: Config,
  workflows: readonly WorkflowDefinition[],
  log: Logger,
  { roster = buildRoster(config.models), replicas = null, ledger = new MemoryLedger(), openMemories }: CoreParts = {},
): Core {
  const { limits } = config
  const { gpus, lanes } = buildLanes(roster, limits.priorityAgingMs, replicas)
  const models = pinModels(roster, lanes)
  const agents = pinAgents(roster, models)
  const catalogue = compileCatalogue(workflows, agents, models)
  const servers = new ModelServers(roster.models.values(), {
    breaker_cooldown_ms: limits.breakerCooldownMs,
    onBreaker: (model, state) => metrics.models.breakerChanged(model, state),
    ollama_parallel: config.models.ollamaParallel,
    onSlots: (model, slots) => lanes.get(model)?.resize(slots),
    log: (finding) => log[GOOD_NEWS.has(finding.finding) ? 'info' : 'warn'](finding, 'model server'),
  })
  const spending = {
    budgets: roster.budgets,
    prices: new Map([...roster.models.values()].map((model) => [model.id, resolveCard(model).price])),
    onFault: (err: unknown) => log.error({ failure: safeError(err) }, 'spending could not be counted'),
  }
  const openPurse = createPurses({ ...spending, ledger })
  const asking = (caller: RunCaller) => askerOf(caller, openPurse)
  const { answerCache } = config
  const answers = answerCache.max_bytes === 0 ? null : new AnswerCache(answerCache)
  const stats = new TaskStats()
  const backlog = new Backlog()
  const estimatedWaitMs = (model: string) => waitBehindAll(lanes.get(model) as LanePort, backlog)
  const forecast = new Forecast()
  const { laneQueueMax: lane_queue_max, taskTimeoutMs: task_timeout_ms } = limits
  const memories =
    openMemories?.(roster.models, (model) =>
      createEmbedder({ models: servers, lanes, forecast, backlog, lane_queue_max, task_timeout_ms }, model),
    ) ?? null
  const router = createRouter({
    roster,
    servers,
    forecast,
    estimatedWaitMs,
    phi_egress: config.models.phiEgress,
    orchestrator_model: config.orchestrator.model,
  })
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
    office: {
      catalogue,
      agents,
      models,
      route: router.route,
      routeAgain: router.routeAgain,
      max_tasks: limits.maxTasks,
      custom_layout: customLayout,
    },
    workshop: {
      lanes,
      models: servers,
      retries: withinBudget(createRetryPolicy(), (model, allowed) => metrics.models.retryWanted(model, allowed)),
      forecast,
      backlog,
      chainOf: ({ agent_type, models }) =>
        models === null ? (roster.chains.get(agent_type) ?? []) : models.map((id) => roster.models.get(id) as Model),
      works: (model) => servers.works(model),
      hedgeAfterMs: (agent) => roster.hedges.get(agent) ?? null,
      openPurse,
      answers,
      findEvidence: evidenceFrom(memories),
      onLateAnswer: (model) => metrics.models.answeredLate(model),
      task_timeout_ms,
      lane_queue_max,
    },
    observer: createObserver(metrics, stats, log),
    run_timeout_ms: limits.runTimeoutMs,
  })

  const view = () => viewRoster({ roster, gpus, lanes, servers, estimatedWaitMs })
  const supervising = createSupervising({
    config: config.orchestrator,
    run_timeout_ms: limits.runTimeoutMs,
    roster,
    router,
    memories,
    askerOf: asking,
    viewRoster: view,
    metrics,
    log,
  })

  return {
    roster,
    catalogue,
    orchestrator,
    router,
    clarifying: config.clarifying,
    stats,
    memories,
    askerOf: asking,
    budgetLeft: createBudgetLeft({ ...spending, accounts: ledger }),
    answers,
    supervising,
    metrics,
    viewRoster: view,
    start: () => servers.start(),
    close: () => servers.close(),
  }
}
