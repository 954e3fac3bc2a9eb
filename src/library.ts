import './node-version.ts'
import { workflows as builtin } from '../workflows/index.ts'
import { parseConfig } from './config.ts'
import type { CancelSignal } from './contract/cancel.ts'
import type { RunEvent } from './contract/events.ts'
import { type ExecuteInput, ExecuteRequest } from './contract/execute.ts'
import { fieldErrors } from './contract/field-errors.ts'
import type { ExecuteResponse } from './contract/result.ts'
import type { RosterFile, RosterView } from './contract/roster.ts'
import type { WorkflowType as WorkflowDescription } from './contract/views.ts'
import { buildCore } from './core.ts'
import { Problem } from './errors.ts'
import { describeCatalogue } from './plan/describe.ts'
import type { WorkflowDefinition } from './plan/workflow.ts'
import { createLogger } from './telemetry/log.ts'

export { WorkflowType } from './contract/workflow-type.ts'
export { ConfigError, Problem } from './errors.ts'
export { defineWorkflow, optional, required } from './plan/workflow.ts'
export type { ExecuteResponse, RosterFile, RosterView, RunEvent, WorkflowDefinition, WorkflowDescription }
export type CustomTaskInput = NonNullable<ExecuteInput['custom_tasks']>[number]

export interface OrchestratorOptions {
  /** Where the models are, as in `MODELS_FILE`. @default the built-in roster, or what `env` says */
  roster?: RosterFile
  /** Workflows beside the built-in ones. */
  workflows?: readonly WorkflowDefinition[]
  /** The service's environment variables; the process's own are not read. @default {} */
  env?: Readonly<Record<string, string | undefined>>
}

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
  /** The workflows by type. */
  describeWorkflows: () => Record<string, WorkflowDescription>
  viewRoster: () => RosterView
  /** Ends every connection to model servers. */
  close: () => Promise<void>
}

/** Listens to the signal only while the run goes on: on one that lives long, listeners would pile up. */
const cancelOf = (signal: AbortSignal): CancelSignal => ({
  get cancelled() {
    return signal.aborted
  },
  onCancel: (callback) => {
    if (signal.aborted) callback()
    else signal.addEventListener('abort', callback, { once: true })
    return () => signal.removeEventListener('abort', callback)
  },
})

const CALLER = { tenant: 'default', subject: 'library', request_id: null }

function parseRequest(input: unknown): ExecuteRequest {
  const parsed = ExecuteRequest.safeParse(input)
  if (parsed.success) return parsed.data
  throw new Problem('invalid_request', 'The request is not valid; see errors.', {
    errors: fieldErrors(parsed.error.issues),
  })
}

/** Everything that the service does with a request, without HTTP. Throws a ConfigError when the options do not fit. */
export function createOrchestrator(options: OrchestratorOptions = {}): ConsiliumOrchestrator {
  const config = parseConfig({ LOG_LEVEL: 'silent', ...options.env, NODE_ENV: 'development' })
  const models = options.roster
    ? { ...config.models, file: { path: '(options.roster)', content: options.roster } }
    : config.models
  const core = buildCore(
    { ...config, models },
    [...builtin, ...(options.workflows ?? [])],
    createLogger(config.logLevel),
  )
  core.start()
  return {
    executeWorkflow: async (workflow_type, context, custom_tasks, { signal, onEvent, timeline, ...rest } = {}) => {
      const request = parseRequest({ workflow_type, context, ...(custom_tasks && { custom_tasks }), ...rest })
      const end = await core.orchestrator.execute(request, {
        caller: CALLER,
        ...(signal && { cancel: cancelOf(signal) }),
        ...(onEvent && { emit: onEvent }),
        ...(timeline && { timeline }),
      })
      return end.response
    },
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
