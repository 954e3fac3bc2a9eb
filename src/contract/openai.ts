import { z } from 'zod'
import { Sampling, Tools } from './chat.ts'
import { refuseIdleWishes } from './choosing.ts'
import { RoutingDecision } from './routing.ts'
import { RunStatus } from './status.ts'

const text = z.strictObject({ type: z.literal('text'), text: z.string() })
const part = z.discriminatedUnion('type', [text], {
  error: 'is not supported: parts of type "text" only, no images, sound or files',
})
const content = z.union([
  z.string('must be text, or a list of parts of type "text"'),
  z.array(part, { error: 'must be text, or a list of parts of type "text"' }).min(1),
])
const toolCall = z.looseObject({
  id: z.string().max(256),
  type: z.literal('function').default('function'),
  function: z.looseObject({ name: z.string().max(64), arguments: z.string() }),
})

/** A message as OpenAI's clients send it. */
export const OpenAiMessage = z.discriminatedUnion(
  'role',
  [
    z.looseObject({ role: z.literal('system'), content }),
    z.looseObject({ role: z.literal('developer'), content }),
    z.looseObject({ role: z.literal('user'), content }),
    z.looseObject({
      role: z.literal('assistant'),
      content: content.nullish(),
      tool_calls: z.array(toolCall).nullish(),
    }),
    z.looseObject({ role: z.literal('tool'), content, tool_call_id: z.string().max(256) }),
  ],
  { error: 'must be "system", "developer", "user", "assistant" or "tool"; in place of "function" use "tool"' },
)

/** Only that is answered: what else stands last would be sent as if the user had said it. */
const endsWithAsking = (last: z.output<typeof OpenAiMessage> | undefined): boolean =>
  last?.role === 'tool' ||
  (last?.role === 'user' &&
    /\S/.test(typeof last.content === 'string' ? last.content : last.content.map(({ text: part }) => part).join('')))

const { top_p, stop, seed, presence_penalty, frequency_penalty, response_format } = Sampling.shape
const refused = (what: string) => ({ error: `is not supported: ${what}` })
const whole = z.int().min(1).max(8192)

/**
 * Body of POST /v1/chat/completions. What would change the meaning of the answer and is not supported is refused by name; what
 * only labels or tunes the request elsewhere (`user`, `metadata`, `store`, …) is ignored.
 */
export const ChatCompletionRequest = z
  .looseObject({
    model: z
      .string()
      .min(1)
      .max(256)
      .describe('A model of the roster, `agent:NAME` for the model and fallbacks of an agent, or `auto`'),
    messages: z.array(OpenAiMessage).min(1).max(1000),
    max_tokens: whole.nullish(),
    max_completion_tokens: whole.nullish().describe('The newer name of max_tokens. Neither: 1024'),
    temperature: z.number().min(0).max(2).nullish().describe('Default 0.7'),
    top_p: top_p.nullable(),
    stop: stop.nullable(),
    seed: seed.nullable(),
    presence_penalty: presence_penalty.nullable(),
    frequency_penalty: frequency_penalty.nullable(),
    response_format: response_format.nullable(),
    tools: Tools.nullish(),
    tool_choice: z.enum(['auto', 'none'], refused('only "auto" and "none" are')).nullish(),
    stream: z.boolean().nullish(),
    stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
    n: z.literal(1, refused('one answer per request')).nullish(),
    logprobs: z.literal(false, refused('no log probabilities are kept')).nullish(),
    modalities: z.array(z.literal('text', refused('text only'))).nullish(),
    functions: z.undefined(refused('use tools')).optional(),
    prefer: z
      .enum(['speed', 'quality', 'cost', 'balanced'])
      .optional()
      .describe('Of model `auto`. An addition of ours'),
    cache: z.boolean().optional().describe('An addition of ours: an answer that is remembered may be given again'),
    phi: z.boolean().optional().describe('false: the messages hold no patient data. Default true. An addition of ours'),
  })
  .refine(({ messages }) => endsWithAsking(messages.at(-1)), {
    path: ['messages'],
    error: 'must end with a message of the user that holds text, or with what a tool has answered',
  })
  .superRefine((request, issues) => {
    if (request.model !== 'auto')
      refuseIdleWishes({ prefer: request.prefer }, 'only for model `auto` one is chosen', issues)
  })

const usage = z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() })
const finish = z.enum(['stop', 'length', 'tool_calls', 'content_filter'])

/** Facts of ours, beside what OpenAI's clients read. */
export const Making = z.object({
  run_id: z.string(),
  status: RunStatus,
  model: z.string().nullable(),
  planned_model: z.string().describe('The model that was chosen or named; another one answered where it could not'),
  gpu: z.int().nullable(),
  latency_ms: z.number(),
  queue_ms: z.number(),
  truncated: z.boolean(),
  cached: z.boolean().describe('No model was asked: the same was answered before'),
  simulated: z.boolean(),
  warnings: z.array(z.string()),
  routing: RoutingDecision.nullable().describe('Why this model; null where it was named'),
})

/** Answer of POST /v1/chat/completions, in OpenAI's shape. */
export const ChatCompletion = z.object({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.object({
      index: z.literal(0),
      message: z.object({
        role: z.literal('assistant'),
        content: z.string().nullable(),
        refusal: z.null(),
        tool_calls: z
          .array(
            z.object({
              id: z.string(),
              type: z.literal('function'),
              function: z.object({ name: z.string(), arguments: z.string() }),
            }),
          )
          .optional(),
      }),
      logprobs: z.null(),
      finish_reason: finish,
    }),
  ),
  usage: usage.optional().describe('As the model server reports it; absent when it reports none'),
  consilium: Making,
})

export type OpenAiMessage = z.output<typeof OpenAiMessage>
export type ChatCompletionRequest = z.output<typeof ChatCompletionRequest>
export type ChatCompletion = z.output<typeof ChatCompletion>
export type Making = z.output<typeof Making>
