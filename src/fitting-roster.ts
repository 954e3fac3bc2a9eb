import type { Config } from './config.ts'
import { ConfigError } from './errors.ts'
import { buildLanes, pinAgents, pinModels } from './lanes.ts'
import { buildRoster, type Roster } from './models/roster.ts'
import { compileCatalogue } from './plan/catalogue.ts'
import type { WorkflowDefinition } from './plan/workflow.ts'
import { orchestratorModelIn } from './supervising.ts'

/**
 * The roster, if workflows and the models that settings name fit to it; else throws a ConfigError. Opens nothing: a start that
 * must fail shall fail before a database is touched.
 */
export function fittingRoster(config: Config, workflows: readonly WorkflowDefinition[]): Roster {
  const roster = buildRoster(config.models)
  const { model } = config.clarifying
  if (model !== null && !roster.models.has(model))
    throw new ConfigError(`CLASSIFY_MODEL names "${model}", which is not a model of the roster`)
  orchestratorModelIn(roster, config.orchestrator)
  const { lanes } = buildLanes(roster, config.limits.priorityAgingMs, null)
  const models = pinModels(roster, lanes)
  compileCatalogue(workflows, pinAgents(roster, models), models)
  return roster
}
