import { failure } from './failure.ts'
import type { Completion, Failure } from './port.ts'

type Json = Record<string, unknown>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A count as OpenAI's usage holds it: null when absent, undefined when it is no count. */
function readCount(usage: Json, key: string): number | null | undefined {
  const value = usage[key]
  if (value === undefined || value === null) return null
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
}

/** A lone surrogate or a NUL cannot be stored or sent on; U+FFFD shows where one stood. */
export const cleanText = (text: string): string => {
  const formed = text.isWellFormed() ? text : text.toWellFormed()
  return formed.includes('\u0000') ? formed.replaceAll('\u0000', '\uFFFD') : formed
}

// null: servers that name no reason. The rest are the spellings of "ended by itself" that servers use.
const WHOLE = new Set<unknown>([null, undefined, 'stop', 'eos', 'eos_token', 'stop_sequence', 'end_turn'])

/** Anything but white space, controls and invisible marks such as a zero-width space. */
const VISIBLE = /[^\s\p{Cc}\p{Cf}]/u

const bad = (latency_ms: number, message: string): Failure => failure('bad_upstream_response', latency_ms, { message })

/**
 * Reads the body of a chat completion. Everything that we use is checked; extra members are ignored. Messages say what is
 * wrong and hold nothing that the server wrote.
 */
export function readCompletion(
  body: unknown,
  max_tokens: number,
  latency_ms: number,
): Omit<Completion, 'simulated' | 'warnings'> | Failure {
  if (!isObject(body) || !Array.isArray(body.choices))
    return bad(latency_ms, 'The answer of the model server has no list of choices.')
  const choice: unknown = body.choices[0]
  if (!isObject(choice) || !isObject(choice.message))
    return bad(latency_ms, 'The answer of the model server has no choice with a message.')
  const { message, finish_reason } = choice
  if (finish_reason === 'content_filter') return failure('content_filtered', latency_ms)
  if (Array.isArray(message.tool_calls) && message.tool_calls.length > 0)
    return bad(latency_ms, 'The model called a tool that nobody asked for.')
  if (typeof message.content !== 'string') return bad(latency_ms, 'The answer of the model server holds no text.')
  if (!WHOLE.has(finish_reason) && finish_reason !== 'length')
    return bad(latency_ms, 'The model server ended the answer for a reason that we do not know.')
  return readCounted(body.usage, message.content, finish_reason, max_tokens, latency_ms)
}

function readCounted(given: unknown, text: string, reason: unknown, max_tokens: number, latency_ms: number) {
  const usage = given ?? {}
  const tokens = isObject(usage) ? readCount(usage, 'completion_tokens') : undefined
  const prompt_tokens = isObject(usage) ? readCount(usage, 'prompt_tokens') : undefined
  if (tokens === undefined || prompt_tokens === undefined)
    return bad(latency_ms, 'The token counts in the answer of the model server are not numbers.')
  const content = cleanText(text)
  if (!VISIBLE.test(content)) return failure('empty_output', latency_ms)
  // A server that was seen to cut at max_tokens said "stop" all the same.
  const truncated = reason === 'length' || (tokens !== null && tokens >= max_tokens)
  const finish_reason = typeof reason === 'string' ? reason : null
  return { ok: true as const, content, tokens, prompt_tokens, finish_reason, truncated, latency_ms }
}
