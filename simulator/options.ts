import type { LedgerBook } from './ledger.ts'
import type { OrchestratorScript } from './orchestrator.ts'
import type { ChatRequest } from './request.ts'

/** How long an answer takes, in milliseconds from getting a slot to the last byte. */
export type Latency = number | ((request: ChatRequest) => number)

export interface ModelServerOptions {
  /** The id that the server calls its model. */
  model: string
  /** @default '127.0.0.1' */
  host?: string
  /** 0 takes a free one. @default 0 */
  port?: number
  /** What stands before `/chat/completions`. @default '/v1' */
  basePath?: string
  /** Completions at once; more wait in the order of arrival. @default 1 */
  slots?: number
  /** Tokens per slot, prompt and answer together. @default 8192 */
  context_window?: number
  /** @default 0 */
  latencyMs?: Latency
  /** Adds the time that generating takes at this speed. */
  tokensPerSecond?: number
  /** Fixes the text; else it is made from the prompt. Still cut at `max_tokens`. */
  reply?: (request: ChatRequest) => string
  /** Plays an orchestrator model, turn by turn, in place of all text. */
  orchestrator?: OrchestratorScript
  /** Replies with the last user message. */
  echo?: boolean
  /** Asked for as a bearer token, as llama.cpp does. */
  apiKey?: string
  /** `false`: no `x-consilium-simulator` header, so that the server passes for a real one. @default true */
  markSimulated?: boolean
  /** `false`: no `/tokenize`. @default true */
  tokenize?: boolean
  /** Closes connections that idle for so long; 0 never does. @default 0 */
  keepAliveMs?: number
  /** Ledger entries to keep. @default 10_000 */
  keepEntries?: number
  /** A ledger over several servers that this one also writes to. */
  sharedLedger?: LedgerBook
}
