import { builtinRoster } from '../../src/models/builtin-roster.ts'
import type { AgentTable } from '../../src/plan/agents.ts'
import { compileCatalogue } from '../../src/plan/catalogue.ts'
import type { CompiledTasks } from '../../src/plan/compile.ts'
import { workflows } from '../../workflows/index.ts'
import type { Site } from './simulate.ts'

/** The built-in roster, five models on two GPUs, with the same slots everywhere. */
export const siteOf = (slots: number, gpu_max?: number): Site => ({
  lanes: builtinRoster.models.map(({ id, gpu }) => ({ model: id, gpu, slots })),
  ...(gpu_max !== undefined && { gpu_max }),
})

const gpuOf = new Map(builtinRoster.models.map(({ id, gpu }) => [id, gpu]))
const agents: AgentTable = new Map(
  Object.entries(builtinRoster.agents).map(([agent, { model }]) => [
    agent,
    { model, gpu: gpuOf.get(model) as number, slots: 1, gpu_max: Number.POSITIVE_INFINITY },
  ]),
)
const catalogue = compileCatalogue(workflows, agents)

/** The tasks of a built-in workflow, compiled by the service's own planner. */
export function tasksOf(type: string): CompiledTasks {
  const found = catalogue.get(type)
  if (found === undefined) throw new Error(`There is no workflow ${type}`)
  return found.compiled
}

/**
 * Workflows per 100 requests. Our own guess of a hospital's day, of which we have no data: every stay ends with a discharge summary,
 * laboratory and imaging report most, and what asks an insurer is rarer.
 */
export const MIX = [
  ['discharge_summary', 25],
  ['lab_report', 25],
  ['radiology_report', 15],
  ['pharmacy_documentation', 10],
  ['insurance_claim', 10],
  ['comprehensive_assessment', 5],
  ['billing_with_justification', 5],
  ['parallel_qa', 5],
] as const
