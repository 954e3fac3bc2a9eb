import type { ChatMessage } from '../../../src/contract/chat.ts'
import type { CustomTask, ExecuteRequest } from '../../../src/contract/execute.ts'
import type { ChatCompletionRequest, OpenAiMessage } from '../../../src/contract/openai.ts'
import { writeToolCalls, writeToolResponse } from '../../../src/contract/tool-calls.ts'

/** Tokens that an answer may have when the caller does not say. */
const USUAL_TOKENS = 1024

type Content = OpenAiMessage['content']

const textOf = (content: Content): string => {
  if (typeof content === 'string') return content
  return (content ?? []).map(({ text }) => text).join('')
}

const argumentsOf = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    // What a model once wrote goes back to it as it was.
    return json
  }
}

/** Model servers know three roles; calls of tools and what came of them go in the form that open models are trained on. */
function messageOf(message: OpenAiMessage): ChatMessage {
  const content = textOf(message.content)
  switch (message.role) {
    case 'developer':
      return { role: 'system', content }
    case 'tool':
      return { role: 'user', content: writeToolResponse(content) }
    case 'assistant': {
      const calls = (message.tool_calls ?? []).map(({ function: { name, arguments: json } }) => ({
        name,
        arguments: argumentsOf(json),
      }))
      return { role: 'assistant', content: [content, writeToolCalls(calls)].filter((part) => part !== '').join('\n') }
    }
    default:
      return { role: message.role, content }
  }
}

/** Which models may answer: one by its id, an agent's, or whichever suits. */
function pinOf(model: string): Pick<CustomTask, 'agent_type' | 'model'> {
  if (model === 'auto') return { agent_type: 'auto' }
  if (model.startsWith('agent:')) return { agent_type: model.slice('agent:'.length) }
  return { agent_type: 'auto', model }
}

const given = <T extends object>(members: T) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null)) as {
    [K in keyof T]: NonNullable<T[K]>
  }

/** What planning may find wrong with the run's task → the member of the body that it comes from. */
export const CHAT_FIELDS = { agent_type: 'model' } as const

/** A chat completion as a run of one task. */
export function runOf(body: ChatCompletionRequest): ExecuteRequest {
  const { top_p, stop, seed, presence_penalty, frequency_penalty, response_format } = body
  const sampling = given({ top_p, stop, seed, presence_penalty, frequency_penalty, response_format })
  const task: CustomTask = {
    task_id: 'answer',
    ...pinOf(body.model),
    messages: body.messages.map(messageOf),
    max_tokens: body.max_completion_tokens ?? body.max_tokens ?? USUAL_TOKENS,
    temperature: body.temperature ?? 0.7,
    priority: 0,
    dependencies: [],
    ...(Object.keys(sampling).length > 0 && { sampling }),
    ...(body.tools && body.tool_choice !== 'none' && { tools: body.tools }),
    ...(body.prefer && { prefer: body.prefer }),
    ...(body.cache && { cache: true }),
    ...(body.phi === false && { phi: false }),
  }
  return { workflow_type: 'custom', context: {}, custom_tasks: [task] }
}
