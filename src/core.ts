import type { Logger } from 'pino'
import { customLayout } from '../workflows/custom.ts'
import type { Config } from './config.ts'
import type { RosterView } from './contract/roster.ts'
import { createRetryPolicy } from './models/retry.ts'
import { buildRoster, type Roster } from './models/roster.ts'
import { ModelServers } from './models/servers.ts'
import { Orchestrator } from './orchestrator.ts'
import type { AgentTable } from './plan/agents.ts'
import { type Catalogue, compileCatalogue } from './plan/catalogue.ts'
import type { WorkflowDefinition } from './plan/workflow.ts'
import { GpuBudget, Lane } from './run/lane.ts'
import { Metrics } from './telemetry/metrics.ts'
import { createObserver } from './telemetry/observer.ts'
import { version } from './version.ts'

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

function buildLanes(roster: Roster, agingMs: number) {
  const gpus = new Map(
    [...roster.gpus.values()].map((gpu) => [
      gpu.id,
      new GpuBudget(gpu.id, gpu.max_concurrent ?? Number.POSITIVE_INFINITY),
    ]),
  )
  const lanes = new Map(
    [...roster.models.values()].map((model) => [
      model.id,
      new Lane(model.id, model.slots, gpus.get(model.gpu) as GpuBudget, agingMs),
    ]),
  )
  return { gpus, lanes }
}

function pinAgents(roster: Roster): AgentTable {
  return new Map(
    [...roster.chains].map(([agent, [model]]) => [
      agent,
      {
        model: model.id,
        gpu: model.gpu,
        slots: model.slots,
        gpu_max: roster.gpus.get(model.gpu)?.max_concurrent ?? Number.POSITIVE_INFINITY,
      },
    ]),
  )
}

/** Builds the core from a Config. Throws a ConfigError when roster and workflows do not fit together. */
export function buildCore(config: Config, workflows: readonly WorkflowDefinition[], log: Logger): Core {
  const { limits } = config
  const roster = buildRoster(config.models)
  const agents = pinAgents(roster)
  const catalogue = compileCatalogue(workflows, agents)
  const { gpus, lanes } = buildLanes(roster, limits.priorityAgingMs)
  const servers = new ModelServers(roster.models.values(), {
    breaker_cooldown_ms: limits.breakerCooldownMs,
    log: (finding) =>
      finding.finding === 'reachable' ? log.info(finding, 'model server') : log.warn(finding, 'model server'),
  })
  const metrics = new Metrics({
    lanes: lanes.values(),
    gpus: gpus.values(),
    workflows: [...catalogue.keys(), 'custom'],
    breakerOpen: (model) => servers.view(model).breaker === 'open',
    version,
  })
  const orchestrator = new Orchestrator({
    office: { catalogue, agents, max_tasks: limits.maxTasks, custom_layout: customLayout },
    workshop: {
      lanes,
      models: servers,
      retry: createRetryPolicy(),
      chainOf: (agent) => roster.chains.get(agent) ?? [],
      usualMs: (model) => servers.usualMs(model),
      task_timeout_ms: limits.taskTimeoutMs,
      lane_queue_max: limits.laneQueueMax,
    },
    observer: createObserver(metrics, log),
    run_timeout_ms: limits.runTimeoutMs,
  })

  const agentsOf = (model: string) =>
    [...roster.chains].filter(([, [pinned]]) => pinned.id === model).map(([agent]) => agent)
  const viewRoster = (): RosterView => ({
    gpus: [...roster.gpus.values()].map((gpu) => ({ ...gpu, busy: gpus.get(gpu.id)?.busy ?? 0 })),
    models: [...roster.models.values()].map(({ id, url, gpu, slots, context_window }) => {
      const lane = lanes.get(id) as Lane
      return {
        id,
        url,
        gpu,
        slots,
        context_window,
        busy: lane.busy,
        queued: lane.queued,
        ...servers.view(id),
        agents: agentsOf(id),
      }
    }),
    agents: Object.fromEntries(
      [...roster.chains].map(([agent, [pinned, ...fallbacks]]) => [
        agent,
        { model: pinned.id, fallbacks: fallbacks.map(({ id }) => id) },
      ]),
    ),
  })
  return {
    roster,
    catalogue,
    orchestrator,
    metrics,
    viewRoster,
    start: () => servers.start(),
    close: () => servers.close(),
  }
}
