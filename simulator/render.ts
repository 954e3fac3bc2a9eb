import type { Completion } from './completion.ts'
import type { ChatRequest } from './request.ts'
import { pieces } from './tokens.ts'

/** A JSON body or chunk, open so that a fault can distort it. */
export type Json = Record<string, unknown>

interface Stamp {
  id: string
  model: string
}

const TOKENS_A_DELTA = 8

const now = (): number => Math.floor(Date.now() / 1000)

const usageOf = ({ prompt_tokens, completion_tokens }: Completion) => ({
  prompt_tokens,
  completion_tokens,
  total_tokens: prompt_tokens + completion_tokens,
})

/** The body of an answer that is not streamed. */
export function renderBody({ id, model }: Stamp, completion: Completion): Json {
  const { content, finish_reason, tool_calls, reasoning_content } = completion
  const message = {
    role: 'assistant',
    content,
    ...(reasoning_content !== undefined && { reasoning_content }),
    ...(tool_calls && { tool_calls }),
  }
  return {
    id,
    object: 'chat.completion',
    created: now(),
    model,
    choices: [{ index: 0, message, finish_reason }],
    usage: usageOf(completion),
  }
}

/** The chunks of a streamed answer, without `[DONE]`. As llama.cpp does, the first delta has the role and no content. */
export function renderChunks({ id, model }: Stamp, completion: Completion, request: ChatRequest): Json[] {
  const head = { id, object: 'chat.completion.chunk', created: now(), model }
  const chunk = (delta: object, finish_reason: string | null = null): Json => ({
    ...head,
    choices: [{ index: 0, delta, finish_reason }],
  })
  const chunks = [chunk({ role: 'assistant', content: null })]
  for (const content of pieces(completion.content ?? '', TOKENS_A_DELTA)) chunks.push(chunk({ content }))
  if (completion.tool_calls) chunks.push(chunk({ tool_calls: completion.tool_calls }))
  chunks.push(chunk({}, completion.finish_reason))
  if (request.include_usage) chunks.push({ ...head, choices: [], usage: usageOf(completion) })
  return chunks
}

/** A chunk as a server-sent event. */
export const event = (data: string): Buffer => Buffer.from(`data: ${data}\n\n`)
