import { z } from 'zod'
import { Domain, ModelKind, ModelTier } from './model-card.ts'
import { must, number, oneOf, text } from './must.ts'
import { TaskType } from './task-type.ts'

export const Prefer = oneOf(['balanced', 'speed', 'quality', 'cost']).describe('What matters most')
export type Prefer = z.output<typeof Prefer>

const share = z.number().min(0).max(1)

export const TypeSource = z
  .enum(['rules', 'small_model', 'caller'])
  .describe('Whose word the type is: the classifier’s, a small model’s that was asked, or the caller’s')
export type TypeSource = z.output<typeof TypeSource>

/** What kind of work a request is, and how sure that is. */
export const Classification = z.object({
  type: TaskType,
  confidence: share,
  distribution: z.partialRecord(TaskType, share).describe('How likely each type is'),
  complexity: share,
  source: TypeSource.optional().describe('Default: rules'),
})
export type Classification = z.output<typeof Classification>

/** What a caller may say about the choice of a model. */
export const RouteWishes = z.object({
  prefer: Prefer.default('balanced'),
  prefer_local: z.boolean().default(true).describe('No cloud model while a local one can serve it'),
  phi: z.boolean().default(true).describe('Whether the text is, or may hold, patient data'),
  tiers: z.array(ModelTier).min(1).nullable().default(null).describe('Only models of these tiers; null: all'),
  max_cost: z.number().min(0).max(1_000_000).nullable().default(null).describe('US dollars that one call may cost'),
  domain: Domain.nullable().default(null).describe('The field of the text, if it is known'),
})

export type RouteWishes = z.output<typeof RouteWishes>

/** All that a choice depends on beside the models. */
export const RouteQuestion = RouteWishes.extend({
  kind: ModelKind.default('chat'),
  classification: Classification,
  prompt_tokens: z.int().min(0).describe('Estimate of all that is sent'),
  max_tokens: z.int().min(0).describe('Most that may be written'),
  left_cost: z
    .number()
    .min(0)
    .nullable()
    .optional()
    .describe('US dollars that run and accounts of the day have left; null: no bound'),
})
export type RouteQuestion = z.output<typeof RouteQuestion>

export const GateCode = z.enum([
  'kind',
  'cloud_off',
  'phi',
  'tier',
  'rule',
  'context',
  'max_output',
  'budget',
  'breaker_open',
  'unreachable',
  'domain',
  'weakness',
  'local_preferred',
])
export type GateCode = z.output<typeof GateCode>

export const Gate = z.object({ code: GateCode, reason: z.string() })
export type Gate = z.output<typeof Gate>

/** One number for each thing that counts, 0 to 1. */
export const Parts = z.object({ quality: share, speed: share, fit: share, confidence: share, cost: share })
export type Parts = z.output<typeof Parts>

export const ScoredModel = z.object({
  model: z.string(),
  tier: ModelTier,
  parts: Parts,
  weights: Parts.describe('Add up to 1; the same for every model'),
  preferred: share.describe('Share of the way to a full score that a rule of the roster gives; 0: none'),
  live: share.describe('1: as good as its card says; less when it is busy, slow or failing now'),
  score: share,
  estimated_cost: z.number().describe('Most that the call is expected to cost, in US dollars'),
  gate: Gate.nullable().describe('Why it could not be chosen; null when it could'),
})
export type ScoredModel = z.output<typeof ScoredModel>

/** Which model, and why. */
export const RoutingDecision = z.object({
  target_model: z.string(),
  target_tier: ModelTier,
  estimated_cost: z.number().describe('Most that the call is expected to cost, in US dollars'),
  confidence: share.describe('How sure the choice is'),
  reasoning: z.string(),
  planned_tools: z.array(z.string()),
  alternatives: z
    .array(z.object({ model: z.string(), score: share, why_lower: z.string() }))
    .describe('The next best, at most 5'),
  table: z.array(ScoredModel).describe('Every model, the best first, then those that could not be chosen'),
  task_type: TaskType,
  task_type_source: TypeSource.optional(),
  complexity: share,
  outside_card: z
    .string()
    .nullable()
    .describe('What the card of the chosen model speaks against, where no other model was left; else null'),
  fallback: z
    .string()
    .nullable()
    .describe('Why this is not the choice of the orchestrator model; null when it was not asked'),
})
export type RoutingDecision = z.output<typeof RoutingDecision>

/** Why no model may be asked. */
export const RoutingRefusal = z.object({
  message: z.string(),
  task_type: TaskType,
  complexity: share,
  models: z.array(z.object({ model: z.string(), code: GateCode, reason: z.string() })),
})
export type RoutingRefusal = z.output<typeof RoutingRefusal>

const rule = z.strictObject(
  {
    prefer_models: z
      .array(text(128), must('a list of model ids'))
      .optional()
      .describe('These come first, the first most, unless they are busy or failing'),
    tiers: z
      .array(ModelTier, must('a list of tiers'))
      .min(1, must('a list of one tier or more'))
      .optional()
      .describe('No model of another tier'),
    min_quality: number(0, 10).optional().describe('No model with a lower rating'),
  },
  must('an object with prefer_models, tiers or min_quality'),
)

const weight = number(0, 1000).optional()
const weights = z
  .strictObject(
    { quality: weight, speed: weight, fit: weight, confidence: weight, cost: weight },
    must('an object, for example {"quality": 40, "speed": 30}'),
  )
  .refine((given) => Object.values(given).some((one) => (one ?? 0) > 0), 'must have one weight that is more than 0')
  .optional()

/** `routing` of the roster file: rules by type of task, and weights in place of the built-in ones. */
export const RosterRouting = z.strictObject(
  {
    rules: z.partialRecord(TaskType, rule, must('an object: type of task → rule')).optional(),
    weights: z
      .strictObject(
        { balanced: weights, speed: weights, quality: weights, cost: weights },
        must('an object: balanced, speed, quality or cost → weights'),
      )
      .optional(),
  },
  must('an object with rules and weights'),
)
export type RosterRouting = z.output<typeof RosterRouting>
export type RoutingRule = NonNullable<NonNullable<RosterRouting['rules']>[TaskType]>
