import type { ChatRequest } from './request.ts'

export const SCHEMA_VARIANTS = [
  'not_object',
  'no_choices',
  'choices_object',
  'empty_choices',
  'no_message',
  'content_null',
  'content_number',
  'content_array',
  'usage_strings',
  'usage_negative',
  'no_usage',
  'extra_members',
] as const
export const TEXT_VARIANTS = ['invalid_utf8', 'bom', 'nul', 'lone_surrogate'] as const
export const STREAM_VARIANTS = [
  'cut',
  'stall',
  'no_done',
  'bad_chunk',
  'split_utf8',
  'crlf',
  'comments',
  'giant_line',
  'error',
] as const
export const RESET_POINTS = ['request', 'headers', 'body'] as const
export const FRAMINGS = ['length', 'chunked', 'gzip'] as const

/**
 * What a model server does wrong with one chat completion. `refuse`, `status`, `raw` and a `reset` at the request act on
 * arrival and take no slot, as a server does that turns a request away; all others act where the answer would have been.
 */
export type Fault =
  /** Drops this connection, closes the port and every other connection, and opens the port again after `for_ms`. */
  | { kind: 'refuse'; for_ms: number }
  /** Takes the request and never sends a byte. */
  | { kind: 'hang' }
  /** Sends the head and half of the body, then nothing more. */
  | { kind: 'hang_body' }
  /** Sends the body one byte per `interval_ms`. */
  | { kind: 'trickle'; interval_ms: number }
  /** Answers rightly, `ms` later than it would have. */
  | { kind: 'slow'; ms: number }
  /** TCP RST: before any byte, in the middle of the head, or after half of the body. */
  | { kind: 'reset'; at: (typeof RESET_POINTS)[number] }
  | { kind: 'status'; status: number; retry_after?: string; location?: string; body?: string }
  /** 200 with a body that is not JSON. */
  | { kind: 'malformed' }
  /** Announces the whole body, sends half of it and closes in good order. */
  | { kind: 'truncated' }
  | { kind: 'schema'; variant: (typeof SCHEMA_VARIANTS)[number] }
  /** A right answer that says nothing. */
  | { kind: 'empty' }
  /** Half of the text with this `finish_reason`; with "tool_calls" a tool call and no text. */
  | { kind: 'finish'; reason: string }
  /** Text that fills `max_tokens` exactly, and says that it ended by itself. Seen on a llama-server. */
  | { kind: 'cut_as_stop' }
  /** A valid answer of `megabytes`: with its length, chunked, or as a gzip bomb. It does not tell its tokens. */
  | { kind: 'huge'; megabytes: number; framing: (typeof FRAMINGS)[number] }
  /** A right answer in gzip, asked for or not. */
  | { kind: 'gzip' }
  | { kind: 'bad_text'; variant: (typeof TEXT_VARIANTS)[number] }
  /** Reads only the end of the prompt and reports this many `prompt_tokens`, as if that were all. */
  | { kind: 'input_cut'; prompt_tokens: number }
  /** Only for requests with `stream: true`. */
  | { kind: 'stream'; variant: (typeof STREAM_VARIANTS)[number] }
  /** These bytes (one character each, U+0000–U+00FF) in place of an answer; then closes, or holds the connection. */
  | { kind: 'raw'; bytes: string; hold?: boolean }

/** Faults of the next requests in order, null for a right answer; or a function of the n-th request from now, from 1. */
export type FaultScript = readonly (Fault | null)[] | ((n: number, request: ChatRequest) => Fault | null)

export interface FaultSource {
  /** The fault of this request, or null. */
  next(request: ChatRequest): Fault | null
  /** Replaces what is scripted; `[]` ends all faults. */
  set(script: FaultScript): void
  /** Requests that still have an entry; null for a function. */
  left(): number | null
}

export function createFaultSource(): FaultSource {
  let script: FaultScript = []
  let drawn = 0
  return {
    next: (request) => {
      const at = drawn++
      return typeof script === 'function' ? script(at + 1, request) : (script[at] ?? null)
    },
    set: (next) => {
      script = next
      drawn = 0
    },
    left: () => (typeof script === 'function' ? null : Math.max(0, script.length - drawn)),
  }
}
