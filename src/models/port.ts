import type { CancelSignal } from '../contract/cancel.ts'
import type { ListedCard } from '../contract/model-card.ts'
import type { TaskErrorCode } from '../errors.ts'
import type { Chat } from '../plan/chat.ts'

/** One model of the roster, resolved: what a call needs to know. */
export interface Model {
  id: string
  /** Base URL with /v1 and without a trailing slash; never holds credentials. */
  url: string
  gpu: number
  /** Calls at once as the roster lists them; null: what the server tells, 1 until it does. */
  slots: number | null
  /** Tokens per slot, prompt and answer together; null when the roster does not say. */
  context_window: number | null
  served_model: string
  api_key: string | null
  /** What the roster says of its abilities and price. @default {}, nothing */
  card?: ListedCard
  /** Why no call may go out to it; null: calls may. @default null */
  off?: string | null
  /** Why no patient data may go out to it; null: they may. @default null */
  no_phi?: string | null
}

/** A user message: plain text, or one in pieces that knows its JSON form already. */
export type UserMessage = string | { readonly length: number; readonly json: string; toString: () => string }

export interface ModelRequest {
  system: string
  /** Messages to send before the user's instead of `system`, which holds their text then. @default null, an ordinary task */
  chat?: Chat | null
  user: UserMessage
  max_tokens: number
  temperature: number
  /** On the clock of performance.now(): the whole call ends by then, whatever trickles in. */
  deadline: number
  /** On the same clock: when the task ends, with whatever model. A deadline that this process slept through may be put off until then. @default deadline */
  end?: number
  /** Hears the answer piece by piece as it is written; null: it is fetched whole, which costs less. May throw nothing. */
  on_delta: ((delta: string) => void) | null
  /** Whether the text is, or may hold, patient data. @default true */
  phi?: boolean
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
  /** From sending to the first piece of text; null of an answer that was fetched whole. */
  first_token_ms: number | null
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
  /** From sending to the end; 0 when nothing was sent. */
  latency_ms: number
  /** Some of that time passed while this process stood still: it says nothing about the server. @default false */
  overslept?: boolean
}

export type AttemptResult = Completion | Failure

/** Asks one model once. Always resolves: a call given up as `cancelled`, or as `upstream_timeout` when time ran out. */
export interface ModelPort {
  call(model: Model, request: ModelRequest, cancel: CancelSignal): Promise<AttemptResult>
}

/** The vectors of one request, checked: one for each text, in order, all of the same dimensions. */
export interface EmbeddingBatch {
  ok: true
  vectors: Float32Array[]
  /** As reported; null when the server reports none. */
  tokens: number | null
  /** From sending to the last byte. */
  latency_ms: number
}

export interface EmbeddingRequest {
  texts: readonly string[]
  /** On the clock of performance.now(). */
  deadline: number
  /** Whether the texts are, or may hold, patient data. @default true */
  phi?: boolean
}

/** Asks a model for embeddings once, in one request. Always resolves, as the model port does. */
export interface EmbeddingPort {
  embed(model: Model, request: EmbeddingRequest, cancel: CancelSignal): Promise<EmbeddingBatch | Failure>
}

export interface RetryQuestion {
  model: string
  failure: Failure
  /** Attempts made on this server for this task so far, 1 or more. */
  tries: number
  /** Time left of this server's share, in ms. */
  remaining_ms: number
}

/** Whether to ask a server again, for one task and within what all tasks together may cost it. */
export interface Retries {
  /** A task's first call to this server has ended; one that was not sent earns nothing. */
  sent: (model: string) => void
  /** The pause before asking the same server again in ms, or null for no. */
  ask: (question: RetryQuestion) => number | null
  /** Whether a call beyond the first may go out at all now; one that may is counted. */
  allow: (model: string) => boolean
}
