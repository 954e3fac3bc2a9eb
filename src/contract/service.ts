import type { CancelSignal } from './cancel.ts'
import type { RunEvent } from './events.ts'
import type { ExecuteRequest } from './execute.ts'
import type { ExecuteResponse } from './result.ts'
import type { RosterView } from './roster.ts'
import type { ModelList, Readiness, WorkflowTypes } from './views.ts'

/** Who asked for a run. */
export interface RunCaller {
  tenant: string
  subject: string
  /** Of the HTTP request; null when called as a library. */
  request_id: string | null
}

export interface RunEnd {
  response: ExecuteResponse
  /** True when the run's own deadline ended it. */
  timed_out: boolean
  /** True when the service was stopped before the run had ended. */
  stopped: boolean
}

export interface ExecuteOptions {
  caller: RunCaller
  /** Gives the run up: the calls in flight are aborted and their permits freed. */
  cancel?: CancelSignal
  emit?: (event: RunEvent) => void
  /** The response shall hold `timeline`. */
  timeline?: boolean
}

/** What a route may ask of the service: all that floor 5 knows of the floors below. */
export interface Service {
  /** Throws a Problem when the request is refused; otherwise resolves when the run has ended, however it did. */
  execute: (request: ExecuteRequest, options: ExecuteOptions) => Promise<RunEnd>
  describeWorkflows: () => WorkflowTypes
  viewRoster: () => RosterView
  listModels: () => ModelList
  /** In Prometheus' text format. */
  scrape: () => Promise<{ content_type: string; text: string }>
  readiness: () => Readiness
  /** Counts a reader of events that was dropped because it was too slow. */
  readerDropped: () => void
  /** Ends all runs in flight, each with what it has by then. */
  stopRuns: () => void
}
