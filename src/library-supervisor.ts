import type { Config } from './config.ts'
import { fieldErrors } from './contract/field-errors.ts'
import { say } from './contract/say.ts'
import {
  type OptimizeFor,
  type SuperviseInput,
  SuperviseRequest,
  type SuperviseResponse,
  type ToolList,
} from './contract/supervise.ts'
import { ConfigError, type FieldError, Problem } from './errors.ts'
import { CALLER, cancelOf, libraryCore, type OrchestratorOptions } from './library-core.ts'
import type { Tool } from './routing/orchestrator/tool.ts'

export interface SupervisorOptions extends OrchestratorOptions {
  /** Model of the roster that decides. @default what `env` says: ORCHESTRATOR_MODEL */
  orchestratorModel?: string
  /** `false`: the router chooses. @default true where there is an orchestrator model */
  useOrchestrator?: boolean
  /** No model outside of the hospital while one inside can serve it. @default true */
  preferLocal?: boolean
  /** US dollars that one task may cost, all its turns together. @default 1 */
  maxCost?: number
  /** @default balanced */
  optimizeFor?: OptimizeFor
  /** Decisions of the orchestrator model for one task. @default 10 */
  maxTurns?: number
  /** Tools beside the built-in ones. All of them are offered. */
  tools?: readonly Tool[]
}

/** What one task may say: as the body of POST /v1/supervise, in the names of the library. */
export interface SuperviseOptions {
  systemPrompt?: string
  /** Texts that the task is about. */
  context?: readonly string[]
  useOrchestrator?: boolean
  preferLocal?: boolean
  maxCost?: number
  optimizeFor?: OptimizeFor
  maxTurns?: number
  /** `false`: the texts hold no patient data. @default true */
  phi?: boolean
  timeoutMs?: number
  signal?: AbortSignal
}

export interface ConsiliumSupervisor {
  /** Resolves with the answer; `status` is `cancelled` when the signal came first. Rejects with a Problem when nobody could answer. */
  supervise: (task: string, options?: SuperviseOptions) => Promise<SuperviseResponse>
  describeTools: () => ToolList
  /** Ends every connection to model servers. */
  close: () => Promise<void>
}

/** Without what is undefined, as JSON has it. */
const given = (input: { [K in keyof SuperviseInput]?: SuperviseInput[K] | undefined }): object =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))

function requestOf(task: string, options: SuperviseOptions): SuperviseRequest {
  const parsed = SuperviseRequest.safeParse(
    given({
      task,
      system_prompt: options.systemPrompt,
      context: options.context === undefined ? undefined : [...options.context],
      use_orchestrator: options.useOrchestrator,
      prefer_local: options.preferLocal,
      max_cost: options.maxCost,
      optimize_for: options.optimizeFor,
      max_turns: options.maxTurns,
      phi: options.phi,
      timeout_ms: options.timeoutMs,
    }),
    { error: say },
  )
  if (parsed.success) return parsed.data
  throw new Problem('invalid_request', 'The request is not valid; see errors.', {
    errors: errorsOf(parsed.error.issues),
  })
}

/** Members of a request → the options that they come from. */
const OPTIONS: Readonly<Record<string, string>> = {
  system_prompt: 'systemPrompt',
  use_orchestrator: 'useOrchestrator',
  prefer_local: 'preferLocal',
  max_cost: 'maxCost',
  optimize_for: 'optimizeFor',
  max_turns: 'maxTurns',
  timeout_ms: 'timeoutMs',
}

/** What is wrong, under the names that the caller of the library has used. */
const errorsOf = (issues: Parameters<typeof fieldErrors>[0]): FieldError[] =>
  fieldErrors(issues).map(({ field, message }) => ({
    field: field.replace(/^\w+/, (name) => OPTIONS[name] ?? name),
    message,
  }))

/** The options are held to what a request may say. */
function check({ preferLocal, maxCost, optimizeFor, maxTurns }: SupervisorOptions): void {
  const parsed = SuperviseRequest.safeParse(
    given({ task: '-', prefer_local: preferLocal, max_cost: maxCost, optimize_for: optimizeFor, max_turns: maxTurns }),
    { error: say },
  )
  if (parsed.success) return
  const [first] = errorsOf(parsed.error.issues)
  throw new ConfigError(`createSupervisor: ${first?.field} ${first?.message}`)
}

const changed = (config: Config, options: SupervisorOptions): Config => ({
  ...config,
  orchestrator: {
    ...config.orchestrator,
    model: options.orchestratorModel ?? config.orchestrator.model,
    preferLocal: options.preferLocal ?? config.orchestrator.preferLocal,
    maxCost: options.maxCost ?? config.orchestrator.maxCost,
    optimizeFor: options.optimizeFor ?? config.orchestrator.optimizeFor,
    maxTurns: options.maxTurns ?? config.orchestrator.maxTurns,
  },
})

/**
 * Gives tasks to the orchestrator model, or to the router. Keeps nothing, and searches nothing: that needs the service.
 * Throws a ConfigError when the options do not fit.
 */
export function createSupervisor(options: SupervisorOptions = {}): ConsiliumSupervisor {
  check(options)
  const { core } = libraryCore(options, (config) => changed(config, options))
  const supervisor = core.supervising((request, how) => core.orchestrator.execute(request, how), options.tools)
  core.start()
  const { useOrchestrator } = options
  return {
    supervise: (task, own = {}) => {
      const { signal } = own
      const request = requestOf(task, { ...(useOrchestrator !== undefined && { useOrchestrator }), ...own })
      return supervisor.supervise(request, { caller: CALLER, ...(signal && { cancel: cancelOf(signal) }) })
    },
    describeTools: () => supervisor.describeTools(),
    close: core.close,
  }
}
