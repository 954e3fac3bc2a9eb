import type { CancelSignal } from '../contract/cancel.ts'
import type { ExecuteRequest } from '../contract/execute.ts'
import type { ModelCard } from '../contract/model-card.ts'
import type { Classification, RouteQuestion, RoutingDecision } from '../contract/routing.ts'
import type { ExecuteOptions, RunCaller, RunEnd } from '../contract/service.ts'
import type { FallbackReason, OptimizeFor } from '../contract/supervise.ts'
import type { Measured } from '../routing/orchestrator/offer.ts'
import type { Tool } from '../routing/orchestrator/tool.ts'

/** The engine: runs a request to its end. Throws a Problem when it refuses it. */
export type Execute = (request: ExecuteRequest, options: ExecuteOptions) => Promise<RunEnd>

/** The router, and what it goes by. */
export interface Models {
  classify: (text: string) => Classification
  /** Throws a Problem (`no_model`, `models_away`) when none may serve it. */
  choose: (question: RouteQuestion) => RoutingDecision
  card: (model: string) => ModelCard
  measured: (model: string) => Measured
  /** Tokens that a prompt of so many characters usually has. */
  promptTokens: (chars: number) => number
}

/** Finds passages of the caller's documents. Null: it cannot just now. Never rejects. */
export type Search = (
  caller: RunCaller,
  query: string,
  patience: { deadline: number; cancel?: CancelSignal },
) => Promise<readonly string[] | null>

/** The orchestrator model and what it may do. */
export interface OrchestratorModel {
  /** Of the roster. */
  id: string
  /** Tokens of one turn, reasoning included. */
  max_tokens: number
  /** Most that one turn's decision may take. */
  turn_timeout_ms: number
  /** Good choices of the past as its prompt shows them; empty: none. */
  examples: string
  /** Tokens of its context; null: not known. */
  context_window: () => number | null
}

/** What holds where a request says nothing, and what no request may pass. */
export interface Defaults {
  max_turns: number
  max_cost: number
  prefer_local: boolean
  optimize_for: OptimizeFor
  timeout_ms: number
}

/** Hears that the router had to choose. */
export type OnFallback = (told: { reason: FallbackReason; turns: number; request_id: string | null }) => void

export interface SupervisorParts {
  execute: Execute
  models: Models
  /** Null: the router chooses. */
  orchestrator: OrchestratorModel | null
  tools: ReadonlyMap<string, Tool>
  /** Names of those that are offered. */
  offered: ReadonlySet<string>
  /** Null: nothing can be searched, and no search is offered. */
  search: Search | null
  defaults: Defaults
  onFallback: OnFallback
}
