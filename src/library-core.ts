import { workflows as builtin } from '../workflows/index.ts'
import { type Config, parseConfig } from './config.ts'
import type { CancelSignal } from './contract/cancel.ts'
import type { RosterFile } from './contract/roster.ts'
import { buildCore } from './core.ts'
import type { WorkflowDefinition } from './plan/workflow.ts'
import { createLogger } from './telemetry/log.ts'

export interface OrchestratorOptions {
  /** Where the models are, as in `MODELS_FILE`. @default the built-in roster, or what `env` says */
  roster?: RosterFile
  /** Workflows beside the built-in ones. */
  workflows?: readonly WorkflowDefinition[]
  /** The service's environment variables; the process's own are not read. @default {} */
  env?: Readonly<Record<string, string | undefined>>
}

export const CALLER = { tenant: 'default', subject: 'library', request_id: null }

/** Listens to the signal only while the run goes on: on one that lives long, listeners would pile up. */
export const cancelOf = (signal: AbortSignal): CancelSignal => ({
  get cancelled() {
    return signal.aborted
  },
  onCancel: (callback) => {
    if (signal.aborted) callback()
    else signal.addEventListener('abort', callback, { once: true })
    return () => signal.removeEventListener('abort', callback)
  },
})

/** The core for use without HTTP. `change` may change the Config. Throws a ConfigError when the options do not fit. */
export function libraryCore(options: OrchestratorOptions, change: (config: Config) => Config = (config) => config) {
  const config = parseConfig({ LOG_LEVEL: 'silent', ...options.env, NODE_ENV: 'development' })
  const models = options.roster
    ? { ...config.models, file: { path: '(options.roster)', content: options.roster } }
    : config.models
  const core = buildCore(
    change({ ...config, models }),
    [...builtin, ...(options.workflows ?? [])],
    createLogger(config.logLevel),
  )
  return { core }
}
