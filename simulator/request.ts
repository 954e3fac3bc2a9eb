export interface ChatMessage {
  role: string
  content: string
}

/** What the simulator reads of a chat completion request. */
export interface ChatRequest {
  model: string
  messages: readonly ChatMessage[]
  max_tokens: number | null
  temperature: number | null
  stream: boolean
  include_usage: boolean
  /** vLLM's extension; null where the client sends none. */
  priority: number | null
  /** As the client wrote them; left out where it sends none. */
  tools?: readonly unknown[]
}

type Json = Record<string, unknown>

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null)

function readText(content: unknown): string | null {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return null
  return content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('')
}

function readMessage(message: unknown): ChatMessage | null {
  if (!isObject(message) || typeof message.role !== 'string') return null
  const content = readText(message.content)
  return content === null ? null : { role: message.role, content }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The request in a body, or one sentence on why it is none. */
export function parseChatRequest(text: string): ChatRequest | string {
  const body = parseJson(text)
  if (!isObject(body)) return 'The body is not a JSON object'
  if (!Array.isArray(body.messages) || body.messages.length === 0) return '"messages" must be a list that is not empty'
  const messages = body.messages.map(readMessage)
  if (!messages.every((message) => message !== null)) return 'Each message needs a "role" and a "content"'
  const max_tokens = numberOrNull(body.max_tokens) ?? numberOrNull(body.max_completion_tokens)
  if (max_tokens !== null && (!Number.isInteger(max_tokens) || max_tokens < 1)) return '"max_tokens" must be 1 or more'
  return {
    model: typeof body.model === 'string' ? body.model : '',
    messages,
    max_tokens,
    temperature: numberOrNull(body.temperature),
    stream: body.stream === true,
    include_usage: isObject(body.stream_options) && body.stream_options.include_usage === true,
    priority: numberOrNull(body.priority),
    ...(Array.isArray(body.tools) && { tools: body.tools }),
  }
}

/** All messages of a role, joined by a line break. */
export const messagesOf = (request: ChatRequest, role: string): string =>
  request.messages
    .filter((message) => message.role === role)
    .map((message) => message.content)
    .join('\n')
