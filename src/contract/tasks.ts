import { z } from 'zod'
import { Sampling } from './chat.ts'
import { refuseIdleWishes } from './choosing.ts'
import { Citation } from './citation.ts'
import { Domain, ModelTier } from './model-card.ts'
import { Prefer, RoutingDecision } from './routing.ts'
import { RunStatus } from './status.ts'
import { TaskType } from './task-type.ts'

const TEXT = /\S/

/** What a caller may say about the choice of a model, with nothing filled in. */
export const ChoiceWishes = {
  task_type: TaskType.optional().describe('The kind of work, where it is known; else it is found out'),
  prefer: Prefer.optional(),
  max_cost: z.number().min(0).max(1_000_000).optional().describe('US dollars that the task may cost'),
  tiers: z.array(ModelTier).min(1).optional().describe('Only models of these tiers'),
  prefer_local: z
    .boolean()
    .optional()
    .describe('No model outside of the hospital while one inside can serve it. Default true, but for prefer quality'),
  domain: Domain.optional().describe('The field of the text, where it is known'),
  phi: z.boolean().optional().describe('false: the text holds no patient data. Default true'),
}

const common = {
  task: z.string().regex(TEXT, 'must hold text').describe('What is to be done, in plain words'),
  system_prompt: z.string().optional().describe('Instructions that go before it'),
  context: z.array(z.string()).max(256).optional().describe('Texts that the task is about, the oldest first'),
  max_tokens: z.int().min(1).max(8192).optional().describe('Default 1024'),
  ...ChoiceWishes,
}

/** Body of POST /v1/route. */
export const RouteRequest = z.strictObject(common)

/** Body of POST /v1/tasks. */
export const TaskRequest = z
  .strictObject({
    ...common,
    model: z
      .string()
      .min(1)
      .max(128)
      .optional()
      .describe('A model of the roster, which alone is asked: nothing is chosen'),
    temperature: z.number().min(0).max(2).optional().describe('Default 0.7'),
    sampling: Sampling.optional(),
    stream: z.boolean().optional().describe('Answer with events: `metadata`, `content` and `done`'),
    cache: z.boolean().optional().describe('The answer that your tenant got to the same before may be given again'),
    store_memory: z.boolean().optional().describe('Task and answer are remembered for your tenant'),
    retrieve_context: z
      .union([
        z.boolean(),
        z.strictObject({ top_k: z.int().min(1).max(50), min_score: z.number().min(-1).max(1) }).partial(),
      ])
      .optional()
      .describe('What your tenant has in memory about it goes behind the task'),
    timeout_ms: z.int().min(1).max(86_400_000).optional(),
    priority: z.int().min(0).max(5).optional(),
  })
  .superRefine((request, issues) => {
    if (request.model !== undefined) refuseIdleWishes(request, 'the model is named', issues)
  })

/** Answer of POST /v1/tasks. */
export const TaskAnswer = z.object({
  run_id: z.string(),
  status: RunStatus,
  success: z.boolean(),
  content: z.string(),
  model: z.string().nullable().describe('The model that answered; a fallback where the chosen one could not'),
  planned_model: z.string().describe('The model that was chosen or named'),
  citations: z.array(Citation).describe('What the task was given from memory'),
  memory: z
    .object({ stored: z.boolean(), reason: z.string().nullable().describe('Why it was not') })
    .nullable()
    .describe('With `store_memory` only'),
  routing: RoutingDecision.nullable().describe('Why this model; null where it was named'),
  metadata: z.object({
    task_type: z.string().nullable(),
    confidence: z.number().nullable(),
    reasoning: z.string().nullable(),
    tier_used: z.string().nullable(),
    cost: z.number().describe('US dollars'),
    tokens: z.int().nullable(),
    prompt_tokens: z.int().nullable(),
    latency_ms: z.number().describe('Of the accepted call'),
    total_latency_ms: z.number(),
    queue_ms: z.number(),
    gpu: z.int().nullable(),
    truncated: z.boolean(),
    cached: z.boolean(),
    simulated: z.boolean(),
    warnings: z.array(z.string()),
  }),
})

export type RouteRequest = z.output<typeof RouteRequest>
export type TaskRequest = z.output<typeof TaskRequest>
export type TaskAnswer = z.output<typeof TaskAnswer>
