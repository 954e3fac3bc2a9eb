import type { ModelCard } from '../../contract/model-card.ts'
import type { BreakerState } from '../../contract/roster.ts'
import type { RosterRouting } from '../../contract/routing.ts'

/** What is true of a model now; null: not known. */
export interface Live {
  breaker: BreakerState
  reachable: boolean | null
  /** How long a call that came now would wait for a permit. */
  wait_ms: number | null
  /** Measured, of a usual call. */
  latency_ms: number | null
  /** Measured, per token written; goes before `latency_ms`. */
  ms_per_token: number | null
  /** How long ago the last of what is measured was, in ms. */
  measured_ago_ms: number | null
  /** Share of its calls that failed lately, 0 to 1. */
  error_rate: number | null
  /** Tokens per slot as the server tells them; goes before the card. */
  context_window: number | null
}

/** A model that may be chosen. */
export interface Candidate {
  card: ModelCard
  /** Why no call may go out to it; null: calls may. */
  off: string | null
  live: Live
}

/** What the hospital has decided for all questions. */
export interface Policy {
  /** ALLOW_PHI_EGRESS. */
  phi_egress: boolean
  /** Rules and weights of the roster. */
  routing: RosterRouting
  /** Tools that tasks may use here; only these are planned. */
  tools: readonly string[]
}

/** Nothing is known of the model yet. */
export const UNKNOWN: Live = {
  breaker: 'closed',
  reachable: null,
  wait_ms: null,
  latency_ms: null,
  ms_per_token: null,
  measured_ago_ms: null,
  error_rate: null,
  context_window: null,
}
