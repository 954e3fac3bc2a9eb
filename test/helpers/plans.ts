import fc from 'fast-check'
import { CustomTask, type ExecuteInput, ExecuteRequest } from '../../src/contract/execute.ts'
import { Problem } from '../../src/errors.ts'
import type { AgentTable, PinnedLane } from '../../src/plan/agents.ts'
import { buildPlan, type PlanningOffice } from '../../src/plan/build.ts'
import { buildGraph, type PlanGraph } from '../../src/plan/graph.ts'
import type { Plan } from '../../src/plan/plan.ts'

export const lane = (model: string, gpu: number, slots: number, gpu_max = Number.POSITIVE_INFINITY): PinnedLane => ({
  model,
  gpu,
  slots,
  gpu_max,
})

/** Three agents on three models; MedicalQA shares GPU 0 with Clinical. */
export const AGENTS: AgentTable = new Map([
  ['Clinical', lane('clinical-model', 0, 2)],
  ['MedicalQA', lane('qa-model', 0, 2)],
  ['Billing', lane('billing-model', 1, 2)],
])

export const office = (own: Partial<PlanningOffice> = {}): PlanningOffice => ({
  catalogue: new Map(),
  agents: AGENTS,
  models: new Map([...AGENTS.values()].map((pinned) => [pinned.model, pinned])),
  route: () => {
    throw new Problem('no_model', 'Nothing is to be routed here.')
  },
  max_tasks: 256,
  custom_layout: { title: 'CUSTOM WORKFLOW', sections: {} },
  ...own,
})

type TaskInput = NonNullable<ExecuteInput['custom_tasks']>[number]

/** A custom task as the gate hands it to planning, defaults filled in. */
export const task = (task_id: string, own: Partial<TaskInput> = {}): CustomTask =>
  CustomTask.parse({ task_id, agent_type: 'Clinical', prompt: `Write ${task_id}.`, ...own })

/** A task that waits for others: `needing('c', 'a', 'b')`. */
export const needing = (task_id: string, ...dependencies: string[]): CustomTask => task(task_id, { dependencies })

export const request = (own: Partial<ExecuteInput> = {}): ExecuteRequest =>
  ExecuteRequest.parse({ workflow_type: 'custom', ...own })

/** The plan of custom tasks, without the gate: ids and counts that it refuses may be tried. */
export const planOf = (
  custom_tasks: CustomTask[],
  context: Record<string, unknown> = {},
  own: Partial<PlanningOffice> = {},
): Plan => buildPlan(office({ max_tasks: 1_000_000, ...own }), { workflow_type: 'custom', context, custom_tasks })

/** The graph in which task `i` depends on `dependencies[i]`. */
export function graphOf(dependencies: readonly (readonly number[])[]): PlanGraph {
  const { graph, issue } = buildGraph(
    dependencies.map((list, index) => ({ task_id: `t${index}`, dependencies: list.map((at) => `t${at}`) })),
  )
  if (issue) throw new Error(`not a graph: ${JSON.stringify(issue)}`)
  return graph
}

/** Random acyclic dependencies by index, in a plan order that need not be a topological one. */
export const acyclic = (most: number): fc.Arbitrary<number[][]> =>
  fc.integer({ min: 1, max: most }).chain((count) =>
    fc
      .record({
        place: fc.shuffledSubarray([...Array(count).keys()], { minLength: count }),
        edges: fc.tuple(...Array.from({ length: count }, (_, at) => fc.subarray([...Array(at).keys()]))),
      })
      .map(({ place, edges }) => {
        const dependencies: number[][] = Array.from({ length: count }, () => [])
        edges.forEach((list, at) => {
          dependencies[place[at] as number] = list.map((before) => place[before] as number)
        })
        return dependencies
      }),
  )

/** The Problem that `act` is refused with; fails when it is not refused. */
export function refusal(act: () => unknown): Problem {
  try {
    act()
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  throw new Error('it was not refused')
}
