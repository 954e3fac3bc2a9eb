import type { Logger } from 'pino'
import type { OrchestratorConfig } from './config/orchestrator.ts'
import type { RosterView } from './contract/roster.ts'
import type { RunCaller } from './contract/service.ts'
import { ConfigError } from './errors.ts'
import type { Memories } from './memories.ts'
import type { Roster } from './models/roster.ts'
import type { Router } from './router.ts'
import { resolveCard } from './routing/cards/resolve.ts'
import { classify } from './routing/classify/classify.ts'
import { usualPromptTokens } from './routing/cost.ts'
import { CATALOGUE } from './routing/orchestrator/catalogue.ts'
import { examplesIn } from './routing/orchestrator/examples.ts'
import { type Tool, toolbox } from './routing/orchestrator/tool.ts'
import type { Asker } from './run/asker.ts'
import type { Execute, Models, OrchestratorModel, Search } from './supervise/port.ts'
import { Supervisor } from './supervise/supervisor.ts'
import type { Metrics } from './telemetry/metrics.ts'

/** Passages that one search gives. */
const MOST_DOCUMENTS = 5

export interface SupervisingParts {
  config: OrchestratorConfig
  run_timeout_ms: number
  roster: Roster
  router: Router
  memories: Memories | null
  /** Who pays for a search. */
  askerOf: (caller: RunCaller) => Asker
  viewRoster: () => RosterView
  metrics: Metrics
  log: Pick<Logger, 'warn'>
}

function modelsOf({ router, roster }: SupervisingParts): Models {
  const known = new Map(router.candidates.map((candidate) => [candidate.card.id, candidate]))
  const cards = new Map([...roster.models.values()].map((model) => [model.id, resolveCard(model)]))
  return {
    classify,
    choose: router.choose,
    card: (model) => cards.get(model) as NonNullable<ReturnType<typeof cards.get>>,
    measured: (model) => {
      const live = known.get(model)?.live
      return { latency_ms: live?.latency_ms ?? null, ms_per_token: live?.ms_per_token ?? null }
    },
    promptTokens: usualPromptTokens,
  }
}

/** Evidence only: what conversations have left is not for everybody of a tenant to be shown unasked. */
function searchIn({ memories, askerOf }: SupervisingParts): Search | null {
  if (memories === null || memories.embedder === null) return null
  return async (caller, query, patience) => {
    const service = memories.serviceFor(askerOf(caller))
    const found = await service.recall(caller.tenant, query, {
      ...patience,
      top_k: MOST_DOCUMENTS,
      collection: 'evidence',
    })
    return found.ok ? found.hits.map(({ title, position, text }) => `${title}, passage ${position}: ${text}`) : null
  }
}

/** Checks that the roster has the orchestrator model. Throws a ConfigError. */
export function orchestratorModelIn(roster: Roster, { model }: OrchestratorConfig): string | null {
  if (model === null || roster.models.has(model)) return model
  const known = [...roster.models.keys()].join(', ')
  throw new ConfigError(`ORCHESTRATOR_MODEL names "${model}", which is not a model of the roster (${known})`)
}

/** Makes supervisors that have their work done by an engine. `further` are tools beside the built-in ones, all of them offered. */
export function createSupervising(parts: SupervisingParts) {
  const { config, run_timeout_ms, roster, viewRoster, metrics, log } = parts
  const id = orchestratorModelIn(roster, config)
  const orchestrator: OrchestratorModel | null =
    id === null
      ? null
      : {
          id,
          max_tokens: config.maxTokens,
          turn_timeout_ms: config.turnTimeoutMs,
          examples: config.examples === null ? '' : examplesIn(config.examples.content, config.examples.path),
          context_window: () => viewRoster().models.find((model) => model.id === id)?.context_window ?? null,
        }
  const search = searchIn(parts)
  const models = modelsOf(parts)
  const unknown = config.tools.filter((name) => !CATALOGUE.some((tool) => tool.name === name))
  if (unknown.length > 0)
    throw new ConfigError(
      `ORCHESTRATOR_TOOLS names "${unknown[0]}". Known: ${CATALOGUE.map(({ name }) => name).join(', ')}`,
    )
  if (!config.tools.includes('answer'))
    throw new ConfigError('ORCHESTRATOR_TOOLS must hold answer: nothing else ends a task')
  return (execute: Execute, further: readonly Tool[] = []): Supervisor =>
    new Supervisor({
      execute,
      models,
      orchestrator,
      tools: toolbox([...CATALOGUE, ...further]),
      offered: new Set([...config.tools, ...further.map(({ name }) => name)]),
      search,
      defaults: {
        max_turns: config.maxTurns,
        max_cost: config.maxCost,
        prefer_local: config.preferLocal,
        optimize_for: config.optimizeFor,
        timeout_ms: run_timeout_ms,
      },
      onFallback: (told) => {
        metrics.fellBack(told.reason)
        log.warn(told, 'orchestrator model not followed')
      },
    })
}

export type Supervising = ReturnType<typeof createSupervising>
