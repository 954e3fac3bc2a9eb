import { z } from 'zod'

/** One message of a conversation, as OpenAI's clients write it. */
export const ChatMessage = z.strictObject({
  role: z.enum(['system', 'user', 'assistant']),
  content: z.string(),
})

const penalty = z.number().min(-2).max(2)

/** How a model is to choose its words, beyond temperature. Handed on as it is; a server may ignore what it does not know. */
export const Sampling = z
  .strictObject({
    top_p: z.number().min(0).max(1).optional(),
    stop: z.union([z.string().max(256), z.array(z.string().max(256)).min(1).max(16)]).optional(),
    seed: z.int().optional(),
    presence_penalty: penalty.optional(),
    frequency_penalty: penalty.optional(),
    response_format: z
      .discriminatedUnion(
        'type',
        [
          z.strictObject({ type: z.literal('text') }),
          z.strictObject({ type: z.literal('json_object') }),
          z.strictObject({ type: z.literal('json_schema'), json_schema: z.record(z.string(), z.unknown()) }),
        ],
        { error: 'must be "text", "json_object" or "json_schema"' },
      )
      .optional()
      .describe('What the server shall hold the answer to; servers that cannot do it refuse or ignore it'),
  })
  .describe('Handed to the model server as it is')

/** Tools that the model may call, in OpenAI's shape. */
export const Tools = z
  .array(
    z.strictObject({
      type: z.literal('function'),
      function: z.strictObject({
        name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1–64 characters of A–Z a–z 0–9 _ -'),
        description: z.string().optional(),
        parameters: z.record(z.string(), z.unknown()).optional(),
        strict: z.boolean().optional(),
      }),
    }),
  )
  .min(1)
  .max(128)
  .describe('A call comes back in the text as <tool_call>{"name": …, "arguments": {…}}</tool_call>')

export type Tools = z.output<typeof Tools>
export type ChatMessage = z.output<typeof ChatMessage>
export type Sampling = z.output<typeof Sampling>
