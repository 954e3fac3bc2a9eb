import { z } from 'zod'

/** What a task wants to be given beside its prompt. */
export const Retrieve = z.strictObject({
  query: z
    .string()
    .regex(/\S/, 'must hold text')
    .max(8000)
    .optional()
    .describe('What to look for; may use {{context.key}}. Default: the prompt'),
  top_k: z.int().min(1).max(50).optional().describe('Passages at most. Default 5'),
  min_score: z.number().min(-1).max(1).optional().describe('Cosine below which a passage is left out. Default 0'),
  collection: z
    .enum(['evidence', 'memory'])
    .optional()
    .describe('evidence (default): documents that were added; memory: what earlier tasks left'),
})

/** A passage that was handed to a task. */
export const Citation = z.object({
  evidence_id: z.string().describe('As the answer cites it: [E1]'),
  document_id: z.string(),
  source: z.string(),
  title: z.string(),
  passage: z.int().describe('Counted from 1'),
  score: z.number(),
  cited: z
    .boolean()
    .describe('Whether the answer names it. It says nothing about whether the passage bears the claim out'),
})

export type Retrieve = z.output<typeof Retrieve>
export type Citation = z.output<typeof Citation>
