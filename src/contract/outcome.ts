import type { TaskErrorCode } from '../errors.ts'
import type { Citation } from './citation.ts'
import type { Attempt, TaskStatus } from './result.ts'
import type { RoutingDecision } from './routing.ts'

/** One call to a model server as it went, or one that was not sent. Times in ms since the start of the run. */
export interface AttemptRecord extends Attempt {
  gpu: number
  /** When it began to wait for a permit. */
  asked_at_ms: number
  /** When it was sent; null when it was not: the breaker was open, the prompt does not fit, its time was over, or the lane was full. */
  started_at_ms: number | null
  ended_at_ms: number
  /** A second attempt sent while the first was still in flight. */
  hedge: boolean
  /** US dollars; left out where the call cost nothing. */
  cost?: number
}

/** How one task ended. Made by `run/`, read by `results/`; outcomes never throw. Times in ms. */
export interface Outcome {
  status: TaskStatus
  /** The text of a succeeded task; null otherwise: a failed attempt leaves none behind. */
  content: string | null
  /** The model last asked; null when none was. */
  model: string | null
  backend: string | null
  gpu: number | null
  /** Of the accepted attempt; of a failed task its last attempt; 0 when none was made. */
  latency_ms: number
  queue_ms: number
  retry_ms: number
  /** When the first call was sent, since the start of the run; null when none was. */
  started_at_ms: number | null
  ended_at_ms: number
  /** `free_at`: of `budget_exceeded`, ISO 8601; when it may be asked again. */
  error: { code: TaskErrorCode; message: string; free_at?: string } | null
  /** Of a skipped task: the dependency that did not succeed. */
  cause: string | null
  tokens: number | null
  prompt_tokens: number | null
  finish_reason: string | null
  truncated: boolean
  simulated: boolean
  warnings: readonly string[]
  /** Of the accepted attempt; null when it was not streamed. */
  first_token_ms: number | null
  attempts: readonly AttemptRecord[]
  /** What its calls have cost, in US dollars. Left out by records that were made before there were prices. */
  cost?: number
  /** Passages that it was given; left out where none were asked for. */
  citations?: readonly Citation[]
  /** Why its model was chosen; left out where nothing was. Kept with what ends before its run does. */
  routing?: RoutingDecision
  /** Given before, and given again: no model was asked. @default false */
  cached?: boolean
}

/** The parts of an outcome that a task has not filled, of one that never ran: all. */
export const UNTOUCHED: Omit<Outcome, 'status' | 'ended_at_ms'> = Object.freeze({
  content: null,
  model: null,
  backend: null,
  gpu: null,
  latency_ms: 0,
  queue_ms: 0,
  retry_ms: 0,
  started_at_ms: null,
  error: null,
  cause: null,
  tokens: null,
  prompt_tokens: null,
  finish_reason: null,
  truncated: false,
  simulated: false,
  warnings: [],
  first_token_ms: null,
  attempts: [],
  cost: 0,
})
