import type { ChatCompletion, Making } from '../../../src/contract/openai.ts'
import type { ExecuteResponse, TaskResult } from '../../../src/contract/result.ts'
import { readToolCalls } from '../../../src/contract/tool-calls.ts'

type Choice = ChatCompletion['choices'][number]

const tokensOf = ({ prompt_tokens, tokens }: TaskResult): ChatCompletion['usage'] =>
  prompt_tokens === null || tokens === null
    ? undefined
    : { prompt_tokens, completion_tokens: tokens, total_tokens: prompt_tokens + tokens }

function makingOf({ run_id, status, metadata }: ExecuteResponse, result: TaskResult): Making {
  const {
    model,
    planned_model,
    gpu,
    latency_ms,
    queue_ms,
    truncated,
    cached = false,
    warnings,
    routing = null,
  } = result
  const { simulated } = metadata
  const times = { latency_ms, queue_ms }
  return { run_id, status, model, planned_model, gpu, ...times, truncated, cached, simulated, warnings, routing }
}

/** What a whole answer consists of, for an answer at once and for the end of a stream. */
export interface Told {
  message: Choice['message']
  finish_reason: Choice['finish_reason']
  model: string
  usage: ChatCompletion['usage']
  making: Making
}

export const idOf = (run_id: string): string => `chatcmpl-${run_id}`
export const secondsNow = (): number => Math.floor(Date.now() / 1000)

/** Reads the one task of a run that has succeeded. */
export function told(response: ExecuteResponse): Told {
  const result = response.results[0] as TaskResult
  const { text, calls } =
    result.finish_reason === 'tool_calls' ? readToolCalls(result.content ?? '') : { text: result.content, calls: [] }
  const tool_calls = calls.map(({ name, arguments: given }, index) => ({
    id: `call_${response.run_id}_${index}`,
    type: 'function' as const,
    function: { name, arguments: typeof given === 'string' ? given : JSON.stringify(given) },
  }))
  return {
    message: {
      role: 'assistant',
      content: text === '' ? null : text,
      refusal: null,
      ...(tool_calls.length > 0 && { tool_calls }),
    },
    finish_reason: result.truncated ? 'length' : tool_calls.length > 0 ? 'tool_calls' : 'stop',
    model: result.model ?? result.planned_model,
    usage: tokensOf(result),
    making: makingOf(response, result),
  }
}

/** A run of one task in the shape of a chat completion. */
export function completionOf(response: ExecuteResponse): ChatCompletion {
  const { message, finish_reason, model, usage, making } = told(response)
  return {
    id: idOf(response.run_id),
    object: 'chat.completion',
    created: secondsNow(),
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason }],
    ...(usage && { usage }),
    consilium: making,
  }
}
