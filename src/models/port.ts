import type { CancelSignal } from '../contract/cancel.ts'
import type { TaskErrorCode } from '../errors.ts'

/** One model of the roster, resolved: what a call needs to know. */
export interface Model {
  id: string
  /** Base URL with /v1 and without a trailing slash; never holds credentials. */
  url: string
  gpu: number
  slots: number
  /** Tokens per slot, prompt and answer together; null when the roster does not say. */
  context_window: number | null
  served_model: string
  api_key: string | null
}

/** A user message: plain text, or one in pieces that knows its JSON form already. */
export type UserMessage = string | { readonly length: number; readonly json: string; toString: () => string }

export interface ModelRequest {
  system: string
  user: UserMessage
  max_tokens: number
  temperature: number
  /** On the clock of performance.now(): the whole call ends by then, whatever trickles in. */
  deadline: number
}

/** A whole answer, checked. `latency_ms` runs from sending to the last byte. */
export interface Completion {
  ok: true
  content: string
  /** Completion tokens as reported; null when the server reports none. */
  tokens: number | null
  prompt_tokens: number | null
  finish_reason: string | null
  /** Cut by max_tokens, whatever finish_reason says. */
  truncated: boolean
  simulated: boolean
  warnings: readonly string[]
  latency_ms: number
}

export interface Failure {
  ok: false
  code: TaskErrorCode
  /** For the caller: no text of the server's, no key, no clinical text. */
  message: string
  /** True when asking the same server again may help. */
  transient: boolean
  /** What the server asked for by Retry-After; null when it did not. */
  retry_after_ms: number | null
  latency_ms: number
}

export type AttemptResult = Completion | Failure

/** Asks one model once. Always resolves: a call given up as `cancelled`, or as `upstream_timeout` when time ran out. */
export interface ModelPort {
  call(model: Model, request: ModelRequest, cancel: CancelSignal): Promise<AttemptResult>
}

export interface RetryQuestion {
  failure: Failure
  /** Attempts made on this server for this task so far, 1 or more. */
  tries: number
  /** Time left of this server's share, in ms. */
  remaining_ms: number
}

/** Whether to ask the same server again: the pause before it in ms, or null for no. */
export type RetryPolicy = (question: RetryQuestion) => number | null
