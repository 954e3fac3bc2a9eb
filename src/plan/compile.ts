import { shown } from '../contract/shown.ts'
import { Problem } from '../errors.ts'
import type { AgentTable, PinnedLane } from './agents.ts'
import { buildGraph, type GraphIssue, inheritedPriorities, type PlanGraph } from './graph.ts'
import type { PlanTask } from './plan.ts'
import { parseTemplate, type Template } from './template.ts'
import { createWidth } from './width.ts'

/** A task before it is checked; `field` is where the caller wrote it, for messages. */
export interface DraftTask {
  task_id: string
  agent_type: string
  system: string
  prompt: string
  max_tokens: number
  temperature: number
  priority: number
  dependencies: readonly string[]
  timeout_ms: number | null
  requires_approval?: boolean
}

/** Everything of a plan that does not depend on the context; of a built-in workflow made once, at the start. */
export interface CompiledTasks {
  tasks: readonly PlanTask[]
  graph: PlanGraph
  /** For the slots of now (plan.ts). */
  lanesUsed: () => number
  agents: readonly string[]
  /** Context keys that the prompts name → the task that first does. */
  context_keys: ReadonlyMap<string, string>
}

const refuseGraph = (issue: GraphIssue): Problem => {
  const field = `custom_tasks[${issue.index}]`
  switch (issue.code) {
    case 'duplicate_task':
      return new Problem(
        'duplicate_task',
        `The task ids "${issue.first}" and "${issue.task_id}" are the same (case does not count). Give each task its own id.`,
        {
          errors: [{ field: `${field}.task_id`, message: `"${issue.task_id}" is already taken` }],
        },
      )
    case 'unknown_dependency':
      return new Problem(
        'unknown_dependency',
        `Task "${issue.task_id}" depends on ${shown(issue.dependency)}, which is not a task of this plan.`,
        {
          errors: [
            { field: `${field}.dependencies`, message: `${shown(issue.dependency)} is not a task_id of this plan` },
          ],
        },
      )
    case 'dependency_cycle': {
      const shown = issue.cycle.length > 12 ? [...issue.cycle.slice(0, 11), '…', issue.cycle.at(-1)] : issue.cycle
      return new Problem(
        'dependency_cycle',
        `These tasks wait for each other: ${shown.join(' → ')}. Remove one of the dependencies.`,
        {
          errors: [{ field: `${field}.dependencies`, message: 'is part of a cycle' }],
        },
      )
    }
  }
}

function pin(drafts: readonly DraftTask[], agents: AgentTable): PinnedLane[] {
  const lanes = drafts.map((draft) => agents.get(draft.agent_type))
  const unknown = drafts.flatMap((draft, index) => (lanes[index] === undefined ? [{ draft, index }] : []))
  if (unknown.length === 0) return lanes as PinnedLane[]
  const names = [...new Set(unknown.map(({ draft }) => shown(draft.agent_type)))]
  throw new Problem(
    'unknown_agent',
    `The roster has no agent ${names.slice(0, 10).join(', ')}. Known agents: ${[...agents.keys()].join(', ')}.`,
    {
      errors: unknown
        .slice(0, 20)
        .map(({ index }) => ({ field: `custom_tasks[${index}].agent_type`, message: 'is not an agent of the roster' })),
    },
  )
}

/** A prompt may place only the outputs that its task waits for. */
function checkOutputs(draft: DraftTask, index: number, template: Template): void {
  const own = new Set(draft.dependencies)
  for (const segment of template)
    if (segment.kind === 'output' && !own.has(segment.task_id))
      throw new Problem(
        'unknown_dependency',
        `The prompt of task "${draft.task_id}" uses the output of ${shown(segment.task_id)}, which is not among its dependencies.`,
        {
          errors: [
            {
              field: `custom_tasks[${index}].prompt`,
              message: `add ${shown(segment.task_id)} to dependencies, or leave it out of the prompt`,
            },
          ],
        },
      )
}

/** What was meant as a placeholder and is none: the model would get braces in the place of the patient's data. */
const MISSPELT = /\{\{\s*(?:cont|task)\w*\s*\./i

function checkSpelling(draft: DraftTask, index: number, template: Template): void {
  if (!template.some((segment) => segment.kind === 'text' && MISSPELT.test(segment.text))) return
  throw new Problem(
    'invalid_request',
    `The prompt of task "${draft.task_id}" holds something like a placeholder that is none. Write {{context.key}} or {{tasks.task_id.output}}.`,
    {
      errors: [
        {
          field: `custom_tasks[${index}].prompt`,
          message: 'holds a misspelt placeholder: write {{context.key}} or {{tasks.task_id.output}}',
        },
      ],
    },
  )
}

/** Checks tasks and prepares them for running. Throws a Problem that names the task, the field and what to do. */
export function compileTasks(drafts: readonly DraftTask[], agents: AgentTable): CompiledTasks {
  const { graph, issue } = buildGraph(drafts)
  if (issue) throw refuseGraph(issue)
  const lanes = pin(drafts, agents)
  const context_keys = new Map<string, string>()
  const priorities = inheritedPriorities(
    graph,
    drafts.map((draft) => draft.priority),
  )
  const tasks = drafts.map((draft, index): PlanTask => {
    const template = parseTemplate(draft.prompt)
    checkOutputs(draft, index, template)
    checkSpelling(draft, index, template)
    for (const segment of template)
      if (segment.kind === 'context' && !context_keys.has(segment.key)) context_keys.set(segment.key, draft.task_id)
    const { prompt: _, requires_approval = false, ...rest } = draft
    const lane = lanes[index] as PinnedLane
    // A dependency named twice is one dependency: its output is handed over once.
    const dependencies = [...new Set(draft.dependencies)]
    const priority = priorities[index] as number
    return {
      ...rest,
      requires_approval,
      priority,
      dependencies,
      index,
      template,
      planned_model: lane.model,
      gpu: lane.gpu,
    }
  })
  return {
    tasks,
    graph,
    lanesUsed: createWidth(graph, lanes),
    agents: [...new Set(drafts.map((draft) => draft.agent_type))],
    context_keys,
  }
}
