import { type ChatRequest, messagesOf } from './request.ts'
import { writeText } from './text.ts'
import { countTokens, firstTokens } from './tokens.ts'

/** What a model says to a request, before it becomes bytes. */
export interface Completion {
  content: string | null
  finish_reason: string
  prompt_tokens: number
  completion_tokens: number
  tool_calls?: readonly object[]
  /** What it wrote to itself, where its server takes that out of the text. */
  reasoning_content?: string | null
}

export type Writer = (request: ChatRequest) => string

const MEMO_ENTRIES = 256
const MEMO_CHARS = 64 * 1024

/** Writes simulated text and remembers the last texts, so that a benchmark does not measure this program. */
export function createWriter(model: string): Writer {
  const texts = new Map<string, string>()
  return (request) => {
    const key = `${messagesOf(request, 'system')}\u0000${messagesOf(request, 'user')}`
    const known = texts.get(key)
    if (known !== undefined) return known
    const text = writeText(model, request)
    if (key.length <= MEMO_CHARS) {
      const oldest = texts.size >= MEMO_ENTRIES ? texts.keys().next().value : undefined
      if (oldest !== undefined) texts.delete(oldest)
      texts.set(key, text)
    }
    return text
  }
}

/** The last user message, word for word. */
export const echo: Writer = (request) => request.messages.findLast(({ role }) => role === 'user')?.content ?? ''

/** What a chat template adds to each message. */
const TEMPLATE_TOKENS = 4

const countPrompt = (request: ChatRequest): number =>
  request.messages.reduce((sum, { content }) => sum + countTokens(content) + TEMPLATE_TOKENS, 0)

/** Only the end of the last message, as a server leaves it that has cut the prompt. */
export function keepEnd(request: ChatRequest, tokens: number): ChatRequest {
  const last = request.messages.at(-1)
  return last === undefined
    ? request
    : { ...request, messages: [{ ...last, content: last.content.slice(-tokens * 4) }] }
}

/**
 * Runs the simulated model. As seen on a llama-server, a prompt that does not fit the context is cut without a word:
 * only a smaller `prompt_tokens` shows it. Text beyond `max_tokens` or the context is cut, `finish_reason` "length".
 */
export function complete(request: ChatRequest, write: Writer, window: number): Completion {
  const counted = countPrompt(request)
  const fits = counted < window
  const prompt_tokens = fits ? counted : Math.floor(window / 2)
  const room = Math.min(request.max_tokens ?? Number.POSITIVE_INFINITY, window - prompt_tokens)
  const { text, tokens, whole } = firstTokens(write(fits ? request : keepEnd(request, prompt_tokens)), room)
  return { content: text, finish_reason: whole ? 'stop' : 'length', prompt_tokens, completion_tokens: tokens }
}
