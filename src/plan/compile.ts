import type { Retrieve } from '../contract/citation.ts'
import { shown } from '../contract/shown.ts'
import { Problem } from '../errors.ts'
import { type AgentTable, AUTO, type ModelTable, type PinnedLane } from './agents.ts'
import type { Chat } from './chat.ts'
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
  /** The prompt is no template: what looks like a placeholder in it is text. @default false */
  literal?: boolean
  chat?: Chat
  retrieve?: Retrieve | undefined
  /** @default false */
  cache?: boolean | undefined
  /** @default true */
  phi?: boolean | undefined
  /** US dollars. @default no bound */
  max_cost?: number | undefined
  /** Asked instead of the agent's. */
  model?: string | undefined
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
  /** The lane of each task as it was compiled. */
  lanes: readonly PinnedLane[]
  /** Indices of tasks whose model is yet to be chosen: until then they stand on any lane. */
  unrouted: readonly number[]
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

const isUnrouted = ({ agent_type, model }: DraftTask): boolean => agent_type === AUTO && model === undefined

function pinModel(model: string, models: ModelTable, index: number): PinnedLane {
  const lane = models.get(model)
  if (lane !== undefined) return lane
  throw new Problem(
    'unknown_model',
    `The roster has no model ${shown(model)} that writes text. Known: ${[...models.keys()].join(', ')}.`,
    {
      errors: [{ field: `custom_tasks[${index}].model`, message: 'is not a model of the roster that writes text' }],
    },
  )
}

function pin(drafts: readonly DraftTask[], agents: AgentTable, models: ModelTable): PinnedLane[] {
  const [anyLane] = models.values()
  const lanes = drafts.map((draft, index) => {
    const own = draft.agent_type === AUTO ? anyLane : agents.get(draft.agent_type)
    // An agent that is not there is a slip, also where its model would not be asked.
    return draft.model === undefined || own === undefined ? own : pinModel(draft.model, models, index)
  })
  const unknown = drafts.flatMap((draft, index) => (lanes[index] === undefined ? [{ draft, index }] : []))
  if (unknown.length === 0) return lanes as PinnedLane[]
  const names = [...new Set(unknown.map(({ draft }) => shown(draft.agent_type)))]
  throw new Problem(
    'unknown_agent',
    `The roster has no agent ${names.slice(0, 10).join(', ')}. Known agents: ${[...agents.keys(), ...(anyLane ? [AUTO] : [])].join(', ')}.`,
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

/** What to look for may hold context; what other tasks wrote is too long for a question. */
function readQuery(text: string, index: number): Template {
  const query = parseTemplate(text)
  if (!query.some(({ kind }) => kind === 'output')) return query
  throw new Problem('invalid_request', 'A query for evidence may use {{context.key}}, but no output of a task.', {
    errors: [{ field: `custom_tasks[${index}].retrieve.query`, message: 'must hold no output of a task' }],
  })
}

const NO_MODELS: ModelTable = new Map()

/** Checks tasks and prepares them for running. Throws a Problem that names the task, the field and what to do. */
export function compileTasks(
  drafts: readonly DraftTask[],
  agents: AgentTable,
  models: ModelTable = NO_MODELS,
): CompiledTasks {
  const { graph, issue } = buildGraph(drafts)
  if (issue) throw refuseGraph(issue)
  const lanes = pin(drafts, agents, models)
  const context_keys = new Map<string, string>()
  const priorities = inheritedPriorities(
    graph,
    drafts.map((draft) => draft.priority),
  )
  const tasks = drafts.map((draft, index): PlanTask => {
    const {
      prompt,
      requires_approval = false,
      literal = false,
      chat = null,
      phi = true,
      max_cost = null,
      cache = false,
      retrieve,
      model,
      ...rest
    } = draft
    const template = literal ? [{ kind: 'text' as const, text: prompt }] : parseTemplate(prompt)
    if (!literal) {
      checkOutputs(draft, index, template)
      checkSpelling(draft, index, template)
    }
    const query = retrieve?.query === undefined ? null : readQuery(retrieve.query, index)
    for (const segment of query === null ? template : [...template, ...query])
      if (segment.kind === 'context' && !context_keys.has(segment.key)) context_keys.set(segment.key, draft.task_id)
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
      chat,
      // Nobody can say what passages hold before they are found.
      phi: phi || retrieve !== undefined,
      max_cost,
      cache,
      retrieve: retrieve === undefined ? null : { ...retrieve, query },
      planned_model: lane.model,
      models: model === undefined ? null : [model],
      routing: null,
      gpu: lane.gpu,
    }
  })
  return {
    tasks,
    graph,
    lanesUsed: createWidth(graph, lanes),
    lanes,
    unrouted: drafts.flatMap((draft, index) => (isUnrouted(draft) ? [index] : [])),
    agents: [...new Set(drafts.map((draft) => draft.agent_type))],
    context_keys,
  }
}
