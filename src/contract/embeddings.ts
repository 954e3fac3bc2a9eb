import { z } from 'zod'

const input = z.string().min(1).max(100_000)

/** Body of POST /v1/embeddings, as OpenAI's clients send it. */
export const EmbeddingsRequest = z.looseObject({
  model: z.string().min(1).max(256).describe('The embedding model of the roster, or `auto`'),
  input: z.union([input, z.array(input).min(1).max(2048)], { error: 'must be text, or a list of 1 to 2048 texts' }),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  dimensions: z.undefined({ error: 'is not supported: vectors come as the model makes them' }).optional(),
  phi: z.boolean().optional().describe('false: the texts hold no patient data. An addition of ours'),
})

/** Its answer, in OpenAI's shape. */
export const EmbeddingsAnswer = z.object({
  object: z.literal('list'),
  model: z.string(),
  data: z.array(
    z.object({
      object: z.literal('embedding'),
      index: z.int(),
      embedding: z.union([z.array(z.number()), z.string()]).describe('Numbers, or 32-bit floats in base64'),
    }),
  ),
  usage: z
    .object({ prompt_tokens: z.int(), total_tokens: z.int() })
    .optional()
    .describe('As the model server reports it; absent when it reports none'),
})

export type EmbeddingsRequest = z.output<typeof EmbeddingsRequest>
export type EmbeddingsAnswer = z.output<typeof EmbeddingsAnswer>
