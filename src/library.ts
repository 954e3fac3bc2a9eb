import './node-version.ts'
import type { z } from 'zod'
import { answerOf } from '../routes/v1/tasks/answer.ts'
import { runOf, TASK_FIELDS } from '../routes/v1/tasks/request.ts'
import { inOwnFields } from '../routes/v1/workflows/own-fields.ts'
import { problemOf } from '../routes/v1/workflows/problem-of.ts'
import type { RunEvent } from './contract/events.ts'
import { type ExecuteInput, ExecuteRequest } from './contract/execute.ts'
import { fieldErrors } from './contract/field-errors.ts'
import { innermost } from './contract/innermost.ts'
import type { ExecuteResponse } from './contract/result.ts'
import type { RosterFile, RosterView } from './contract/roster.ts'
import type { RoutingDecision } from './contract/routing.ts'
import { say } from './contract/say.ts'
import { RouteRequest, type TaskAnswer, TaskRequest } from './contract/tasks.ts'
import type { WorkflowType as WorkflowDescription } from './contract/views.ts'
import { Problem } from './errors.ts'
import { CALLER, cancelOf, libraryCore, type OrchestratorOptions } from './library-core.ts'
import { describeCatalogue } from './plan/describe.ts'
import type { WorkflowDefinition } from './plan/workflow.ts'

export type { SuperviseResponse } from './contract/supervise.ts'
export { WorkflowType } from './contract/workflow-type.ts'
export { ConfigError, Problem } from './errors.ts'
export type { ConsiliumSupervisor, SuperviseOptions, SupervisorOptions } from './library-supervisor.ts'
export { createSupervisor } from './library-supervisor.ts'
export { defineWorkflow, optional, required } from './plan/workflow.ts'
export type { Tool } from './routing/orchestrator/tool.ts'
export type {
  ExecuteResponse,
  OrchestratorOptions,
  RosterFile,
  RosterView,
  RoutingDecision,
  RunEvent,
  TaskAnswer,
  WorkflowDefinition,
  WorkflowDescription,
}
export type CustomTaskInput = NonNullable<ExecuteInput['custom_tasks']>[number]

export interface ExecuteWorkflowOptions {
  /** Milliseconds; the run ends then, with what it has. */
  timeout_ms?: number
  priority?: number
  signal?: AbortSignal
  onEvent?: (event: RunEvent) => void
  /** The response holds `timeline`. @default false */
  timeline?: boolean
  /** Runs the plan a second time, one task at a time, for `metadata.measured`. `timeout_ms` covers both. */
  measure?: 'sequential'
}

export type RouteOptions = Omit<RouteRequest, 'task'>
export interface ExecuteTaskOptions extends Omit<TaskRequest, 'task' | 'stream' | 'store_memory'> {
  signal?: AbortSignal
  onEvent?: (event: RunEvent) => void
}

export interface ConsiliumOrchestrator {
  /**
   * Runs a workflow, or `customTasks` in its layout. Resolves with the response whatever became of its tasks: look at
   * `status`. Rejects with a Problem when the request is refused.
   */
  executeWorkflow: (
    type: string,
    context: Record<string, unknown>,
    customTasks?: readonly CustomTaskInput[],
    options?: ExecuteWorkflowOptions,
  ) => Promise<ExecuteResponse>
  /**
   * One task in plain words for the model that suits it best, as POST /v1/tasks. Resolves with the answer; `success` says
   * whether it is whole. Rejects with a Problem when no model may serve it, or none could.
   */
  executeTask: (task: string, options?: ExecuteTaskOptions) => Promise<TaskAnswer>
  /** Which model a task would go to, and why; asks no model. Throws a Problem (`no_model`, `models_away`). */
  getRoutingDecision: (task: string, options?: RouteOptions) => RoutingDecision
  /** The workflows by type. */
  describeWorkflows: () => Record<string, WorkflowDescription>
  viewRoster: () => RosterView
  /** Ends every connection to model servers. */
  close: () => Promise<void>
}

function parse<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input, { error: say })
  if (parsed.success) return parsed.data
  throw new Problem('invalid_request', 'The request is not valid; see errors.', {
    errors: fieldErrors(parsed.error.issues.flatMap(innermost)),
  })
}

/** A refusal of the run names what the caller of `executeTask` has said. */
async function inOwnWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof Problem ? inOwnFields(error, TASK_FIELDS) : error
  }
}

/** Members of POST /v1/tasks that the library has something else for, or nothing. */
const NOT_HERE = {
  store_memory: 'needs the service, which keeps memories: POST /v1/tasks. The library keeps nothing; leave it out',
  stream: 'is not known here: pass onEvent to hear the answer while it is written',
} as const

/** What is wished and cannot be had is refused, never passed over. */
function refuseElsewhere(options: object): void {
  const wished = Object.entries(NOT_HERE).filter(([name]) => (options as Record<string, unknown>)[name] === true)
  if (wished.length === 0) return
  const errors = wished.map(([field, message]) => ({ field, message }))
  throw new Problem('invalid_request', errors.map(({ field, message }) => `${field} ${message}.`).join(' '), { errors })
}

/** Everything that the service does with a request, without HTTP. Throws a ConfigError when the options do not fit. */
export function createOrchestrator(options: OrchestratorOptions = {}): ConsiliumOrchestrator {
  const { core } = libraryCore(options)
  core.start()
  return {
    executeWorkflow: async (workflow_type, context, custom_tasks, { signal, onEvent, timeline, ...rest } = {}) => {
      const request = parse(ExecuteRequest, { workflow_type, context, ...(custom_tasks && { custom_tasks }), ...rest })
      const end = await core.orchestrator.execute(request, {
        caller: CALLER,
        left_cost: await core.budgetLeft(CALLER),
        ...(signal && { cancel: cancelOf(signal) }),
        ...(onEvent && { emit: onEvent }),
        ...(timeline && { timeline }),
      })
      return end.response
    },
    executeTask: async (task, { signal, onEvent, ...rest } = {}) => {
      refuseElsewhere(rest)
      const body = parse(TaskRequest, { task, ...rest })
      const left_cost = await core.budgetLeft(CALLER)
      const end = await inOwnWords(() =>
        core.orchestrator.execute(runOf(body), {
          caller: CALLER,
          left_cost,
          ...(signal && { cancel: cancelOf(signal) }),
          ...(onEvent && { emit: onEvent }),
        }),
      )
      const problem = problemOf(end, true)
      if (problem) throw problem
      return answerOf(end.response, null)
    },
    getRoutingDecision: (task, options = {}) => core.router.preview(parse(RouteRequest, { task, ...options })),
    describeWorkflows: () => describeCatalogue(core.catalogue),
    viewRoster: core.viewRoster,
    close: core.close,
  }
}

let shared: ConsiliumOrchestrator | null = null

/** The one orchestrator of this process, made on first use. Options are taken then; later ones would be ignored, so they are refused. */
export function getOrchestrator(options?: OrchestratorOptions): ConsiliumOrchestrator {
  if (shared === null) shared = createOrchestrator(options)
  else if (options !== undefined)
    throw new Error('The orchestrator of this process exists already: call getOrchestrator() without options')
  return shared
}

/** `executeWorkflow` of the one orchestrator of this process. */
export const executeWorkflow: ConsiliumOrchestrator['executeWorkflow'] = (...call) =>
  getOrchestrator().executeWorkflow(...call)
