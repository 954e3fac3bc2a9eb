import type { WorkflowType } from '../contract/views.ts'
import type { Catalogue, CompiledWorkflow } from './catalogue.ts'
import type { PlanGraph } from './graph.ts'

/** How the tasks of a graph stand to each other: one; all at once; a chain; or something of both. */
function executionOf({ dependencies, order }: PlanGraph): WorkflowType['execution'] {
  if (order.length === 1) return 'single'
  if (dependencies.every((list) => list.length === 0)) return 'parallel'
  const chained = order.every((index, at) => at === 0 || dependencies[index]?.includes(order[at - 1] as number))
  return chained ? 'sequential' : 'mixed'
}

function describe({ definition, compiled, required_context, optional_context }: CompiledWorkflow): WorkflowType {
  const execution = executionOf(compiled.graph)
  return {
    description: definition.description,
    agents: [...compiled.agents],
    execution,
    parallel: execution === 'parallel' || execution === 'mixed',
    required_context: [...required_context],
    optional_context: [...optional_context],
    tasks: compiled.tasks.map(({ task_id, agent_type, dependencies }) => ({
      task_id,
      agent_type,
      dependencies: [...dependencies],
    })),
  }
}

/** What a caller may want to know of each workflow, by type, in the order of the catalogue. */
export const describeCatalogue = (catalogue: Catalogue): Record<string, WorkflowType> =>
  Object.fromEntries([...catalogue].map(([type, workflow]) => [type, describe(workflow)]))
