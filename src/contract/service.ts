import type { ApprovalDecision } from './approval.ts'
import type { CancelSignal } from './cancel.ts'
import type { EmbeddingsAnswer, EmbeddingsRequest } from './embeddings.ts'
import type { RunEvent } from './events.ts'
import type {
  DocumentList,
  DocumentsQuery,
  DocumentsRemoved,
  DocumentText,
  EvidenceInput,
  EvidenceKept,
  MemoriesOf,
} from './evidence.ts'
import type { ExecuteRequest } from './execute.ts'
import type { ServiceHealth } from './health.ts'
import type { ExecuteResponse } from './result.ts'
import type { RosterView } from './roster.ts'
import type { RoutingDecision } from './routing.ts'
import type { ApprovalView, RunAccepted, RunList, RunState, RunsQuery, RunView } from './runs.ts'
import type { Stats } from './stats.ts'
import type { SuperviseRequest, SuperviseResponse, ToolList } from './supervise.ts'
import type { TaskType } from './task-type.ts'
import type { RouteRequest } from './tasks.ts'
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
  /** `id`: the event's number in the run's stored history, null for one that no history keeps; left out where there is none. */
  emit?: (event: RunEvent, id?: number | null) => void
  /** The response shall hold `timeline`. */
  timeline?: boolean
  /** US dollars that the caller's accounts had left when the request came, for the choice of models; null: no bound. @default null */
  left_cost?: number | null
}

export interface SubmitOptions extends ExecuteOptions {
  /** Accept and answer at once; nobody waits for the run. @default false */
  respond_async?: boolean
  idempotency_key?: string | null
  /** The URL that is told when the run has ended. */
  webhook?: string | null
}

/** What became of a request to run something. */
export type RunAnswer =
  | { kind: 'ended'; end: RunEnd }
  /** It goes on without its caller, or waits for a human. */
  | { kind: 'accepted'; run_id: string; status: RunState; replayed: boolean }
  /** The same key and body came before, and that run has ended. `last_event_id`: of the last event before its end. */
  | { kind: 'replayed'; run: RunView; last_event_id: number }

/** What may be asked about stored runs. Each throws a Problem: `not_found` for a run that the tenant does not have. */
export interface RunsDesk {
  list: (tenant: string, query: RunsQuery) => Promise<RunList>
  view: (tenant: string, run_id: string) => Promise<RunView>
  /** Returns the status now; a run that has ended stays as it is. */
  cancel: (caller: RunCaller, run_id: string) => Promise<RunAccepted>
  decide: (caller: RunCaller, run_id: string, decision: ApprovalDecision) => Promise<ApprovalView>
  /**
   * Tells the events of a run after number `after`, those that come as they come, until it has ended. Resolves with its
   * end and the number of the last event, null when the watcher left.
   */
  watch: (watching: Watching) => Promise<{ end: RunEnd; last_event_id: number } | null>
}

export interface Watching {
  tenant: string
  run_id: string
  /** 0: from the beginning. */
  after: number
  emit: (event: RunEvent, id: number | null) => void
  left: CancelSignal
}

/** What may be asked about documents that are kept. Each throws a Problem: `not_found` for one that the tenant does not have there. */
export interface DocumentsDesk {
  list: (tenant: string, collection: 'evidence' | 'memory', query: DocumentsQuery) => Promise<DocumentList>
  read: (tenant: string, collection: 'evidence' | 'memory', id: string) => Promise<DocumentText>
  remove: (caller: RunCaller, collection: 'evidence' | 'memory', id: string) => Promise<void>
  clearMemories: (caller: RunCaller, of: MemoriesOf) => Promise<DocumentsRemoved>
}

/** What a route may ask of the service: all that floor 5 knows of the floors below. */
export interface Service {
  /** Throws a Problem when the request is refused; otherwise resolves when there is something to answer. */
  execute: (request: ExecuteRequest, options: SubmitOptions) => Promise<RunAnswer>
  runs: RunsDesk
  describeWorkflows: () => WorkflowTypes
  viewRoster: () => RosterView
  listModels: () => ModelList
  /** What kind of work a task is by a small model's word, in `within_ms` at most; null: it is plain enough, or nobody is to be asked. */
  clarify: (task: string, options: ExecuteOptions, within_ms?: number) => Promise<TaskType | null>
  /** Which model a task would go to, and why. Throws a Problem (`no_model`, `models_away`). Asks no model. */
  route: (request: RouteRequest, caller: RunCaller) => Promise<RoutingDecision>
  /** Asks everything that the service rests on how it is. Never rejects. */
  health: () => Promise<ServiceHealth>
  stats: (caller: RunCaller) => Promise<Stats>
  /** Keeps a text for the tenant's later tasks; whoever waits for that says how long. Null: it is kept; else why it is not. */
  remember: (
    caller: RunCaller,
    text: string,
    about: { source: string; title: string },
    patience: { within_ms: number; cancel?: CancelSignal },
  ) => Promise<string | null>
  /** Keeps a document that answers may cite. Throws a Problem. */
  addEvidence: (caller: RunCaller, document: EvidenceInput, cancel: CancelSignal) => Promise<EvidenceKept>
  documents: DocumentsDesk
  /** Throws a Problem. */
  embed: (caller: RunCaller, request: EmbeddingsRequest, cancel: CancelSignal) => Promise<EmbeddingsAnswer>
  /** Resolves with an answer, or without one when its caller has left. Throws a Problem. */
  supervise: (request: SuperviseRequest, options: ExecuteOptions) => Promise<SuperviseResponse>
  describeTools: () => ToolList
  /** In Prometheus' text format. */
  scrape: () => Promise<{ content_type: string; text: string }>
  readiness: () => Promise<Readiness>
  /** Counts a reader of events that was dropped because it was too slow. */
  readerDropped: () => void
  /** Ends all runs in flight, each with what it has by then. */
  stopRuns: () => void
}
