import { readToolCalls, type ToolCall, writeToolCalls } from '../contract/tool-calls.ts'
import { cleanText } from './clean-text.ts'
import { failure } from './failure.ts'
import { isObject, type Json, parseJson } from './json.ts'
import type { Completion, Failure } from './port.ts'
import { warningsOf, withoutThinking } from './think.ts'

/** What an answer consists of, however it came. Only the text has been looked at. */
export interface AnswerParts {
  /** Clean, and without a reasoning block. */
  content: string
  finish_reason: unknown
  usage: unknown
  warnings: readonly string[]
}

export interface AnswerTimes {
  latency_ms: number
  first_token_ms: number | null
}

export type CheckedAnswer = Omit<Completion, 'simulated'> | Failure

/** A count as OpenAI's usage holds it: null when absent, undefined when it is no count. */
function readCount(usage: Json, key: string): number | null | undefined {
  const value = usage[key]
  if (value === undefined || value === null) return null
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
}

// null: servers that name no reason. The rest are the spellings of "ended by itself" that servers use.
const WHOLE = new Set<unknown>([null, undefined, 'stop', 'eos', 'eos_token', 'stop_sequence', 'end_turn'])

/** Anything but white space, controls, invisible marks such as a zero-width space, and what stands for characters replaced. */
const VISIBLE = /[^\s\p{Cc}\p{Cf}\ufffd]/u

export const calledTool = ({ tool_calls }: Json): boolean => Array.isArray(tool_calls) && tool_calls.length > 0

/** A call of a message; null when it names no tool. OpenAI's shape holds the arguments as JSON in a string. */
function callOf(call: unknown): ToolCall | null {
  const { name, arguments: given = {} } = isObject(call) && isObject(call.function) ? call.function : {}
  if (typeof name !== 'string') return null
  return { name, arguments: (typeof given === 'string' ? parseJson(given) : given) ?? given }
}

const contentOf = ({ content }: Json): string => (typeof content === 'string' ? content : '')
const answerIn = (message: Json): string => withoutThinking(contentOf(message)).answer

/** What the model wrote to itself as a <think> block: from the text, or from where servers put it that take it out. */
function thoughtsOf(message: Json): string {
  const content = contentOf(message)
  const block = content.slice(0, content.length - answerIn(message).length).trim()
  if (block !== '') return cleanText(block)
  const apart = [message.reasoning_content, message.reasoning].find((text) => typeof text === 'string' && text !== '')
  return apart === undefined ? '' : cleanText(`<think>\n${apart}\n</think>`)
}

export const TOOL_CALL = 'The model called a tool that nobody asked for.'

const bad = (latency_ms: number, message: string): Failure => failure('bad_upstream_response', latency_ms, { message })

/**
 * Reads the body of a chat completion. Everything that we use is checked; extra members are ignored. Messages say what is
 * wrong and hold nothing that the server wrote. `thinking`: what the model wrote to itself stays, before all else.
 */
export function readCompletion(
  body: unknown,
  max_tokens: number,
  latency_ms: number,
  tools = false,
  thinking = false,
): CheckedAnswer {
  if (!isObject(body) || !Array.isArray(body.choices))
    return bad(latency_ms, 'The answer of the model server has no list of choices.')
  const choice: unknown = body.choices[0]
  if (!isObject(choice) || !isObject(choice.message))
    return bad(latency_ms, 'The answer of the model server has no choice with a message.')
  const { message, finish_reason } = choice
  if (finish_reason === 'content_filter') return failure('content_filtered', latency_ms)
  const thoughts = thinking ? thoughtsOf(message) : ''
  if (calledTool(message)) {
    if (!tools) return bad(latency_ms, TOOL_CALL)
    const calls = (message.tool_calls as unknown[]).map(callOf)
    if (!calls.every((call) => call !== null))
      return bad(latency_ms, 'The answer of the model server calls a tool without a name.')
    const text = [cleanText(answerIn(message)), cleanText(writeToolCalls(calls))]
      .filter((part) => part !== '')
      .join('\n')
    return callsTools(text, thoughts, { finish_reason, usage: body.usage }, max_tokens, latency_ms)
  }
  const said = answerIn(message)
  // Servers that do not read the calls of their model leave them in its text.
  if (tools && readToolCalls(said).calls.length > 0)
    return callsTools(cleanText(said), thoughts, { finish_reason, usage: body.usage }, max_tokens, latency_ms)
  if (thoughts !== '') {
    const content = `${thoughts}\n${cleanText(answerIn(message))}`
    return checkAnswer({ content, finish_reason, usage: body.usage, warnings: [] }, max_tokens, {
      latency_ms,
      first_token_ms: null,
    })
  }
  if (typeof message.content !== 'string') return bad(latency_ms, 'The answer of the model server holds no text.')
  const { answer, left_out } = withoutThinking(message.content)
  const content = cleanText(answer)
  const parts = { content, finish_reason, usage: body.usage, warnings: warningsOf(content, left_out) }
  return checkAnswer(parts, max_tokens, { latency_ms, first_token_ms: null })
}

/** An answer that calls tools: its text, if it has any, and the calls as text behind it. */
function callsTools(
  text: string,
  thoughts: string,
  { finish_reason, usage }: Pick<AnswerParts, 'finish_reason' | 'usage'>,
  max_tokens: number,
  latency_ms: number,
): CheckedAnswer {
  const content = [thoughts, text].filter((part) => part !== '').join('\n')
  const reason = finish_reason === 'tool_calls' ? 'stop' : finish_reason
  const checked = checkAnswer({ content, finish_reason: reason, usage, warnings: [] }, max_tokens, {
    latency_ms,
    first_token_ms: null,
  })
  return checked.ok ? { ...checked, finish_reason: 'tool_calls' } : checked
}

/** Checks an answer that has come to its end, fetched whole or streamed. Never throws. */
export function checkAnswer(parts: AnswerParts, max_tokens: number, times: AnswerTimes): CheckedAnswer {
  const { content, finish_reason: reason, warnings } = parts
  const { latency_ms, first_token_ms } = times
  if (reason === 'content_filter') return failure('content_filtered', latency_ms)
  if (!WHOLE.has(reason) && reason !== 'length')
    return bad(latency_ms, 'The model server ended the answer for a reason that we do not know.')
  const usage = parts.usage ?? {}
  const tokens = isObject(usage) ? readCount(usage, 'completion_tokens') : undefined
  const prompt_tokens = isObject(usage) ? readCount(usage, 'prompt_tokens') : undefined
  if (tokens === undefined || prompt_tokens === undefined)
    return bad(latency_ms, 'The token counts in the answer of the model server are not numbers.')
  if (!VISIBLE.test(content)) return failure('empty_output', latency_ms)
  // A server that was seen to cut at max_tokens said "stop" all the same.
  const truncated = reason === 'length' || (tokens !== null && tokens >= max_tokens)
  const finish_reason = typeof reason === 'string' ? reason : null
  return { ok: true, content, tokens, prompt_tokens, finish_reason, truncated, warnings, latency_ms, first_token_ms }
}
