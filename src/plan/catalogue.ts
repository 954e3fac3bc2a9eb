import { ConfigError, Problem } from '../errors.ts'
import type { AgentTable, ModelTable } from './agents.ts'
import { type CompiledTasks, compileTasks } from './compile.ts'
import type { WorkflowDefinition } from './workflow.ts'

/** A workflow that is ready to be filled with context. */
export interface CompiledWorkflow {
  definition: WorkflowDefinition
  compiled: CompiledTasks
  required_context: readonly string[]
  optional_context: readonly string[]
}

export type Catalogue = ReadonlyMap<string, CompiledWorkflow>

function compileWorkflow(
  definition: WorkflowDefinition,
  agents: AgentTable,
  models: ModelTable | undefined,
): CompiledWorkflow {
  if (definition.tasks.length === 0) throw new ConfigError(`Workflow "${definition.type}" has no tasks`)
  const drafts = definition.tasks.map((task) => ({
    max_tokens: 512,
    temperature: 0.7,
    priority: 0,
    dependencies: [],
    timeout_ms: null,
    ...task,
  }))
  const entries = Object.entries(definition.context.shape)
  const keys = (wanted: boolean) => entries.filter(([, schema]) => isRequired(schema) === wanted).map(([key]) => key)
  const required_context = keys(true)
  const compiled = compileTasks(drafts, agents, models)
  for (const [key, task_id] of compiled.context_keys)
    if (!required_context.includes(key))
      throw new ConfigError(
        `Workflow "${definition.type}": task "${task_id}" names {{context.${key}}}, which is not a required key`,
      )
  return { definition, compiled, required_context, optional_context: keys(false) }
}

const isRequired = (schema: { safeParse: (value: unknown) => { success: boolean } }): boolean =>
  !schema.safeParse(undefined).success

/**
 * Checks and compiles every workflow against the roster's agents. Throws a ConfigError at the start of the service
 * rather than at a caller: a workflow with a broken graph or an agent that the roster lacks is a deployment fault.
 */
export function compileCatalogue(
  definitions: readonly WorkflowDefinition[],
  agents: AgentTable,
  models?: ModelTable,
): Catalogue {
  const catalogue = new Map<string, CompiledWorkflow>()
  for (const definition of definitions) {
    if (catalogue.has(definition.type) || definition.type === 'custom')
      throw new ConfigError(`Two workflows are called "${definition.type}"`)
    try {
      catalogue.set(definition.type, compileWorkflow(definition, agents, models))
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      throw new ConfigError(`Workflow "${definition.type}": ${error.detail}`, { cause: error })
    }
  }
  return catalogue
}
