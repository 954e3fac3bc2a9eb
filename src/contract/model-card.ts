import { z } from 'zod'
import { must, number, oneOf, text, whole } from './must.ts'
import { TASK_TYPES, type TaskType } from './task-type.ts'

/** Cheapest first; `SPECIALIST` stands beside the others: a model for one field, large or small. */
export const MODEL_TIERS = ['LOCAL_SMALL', 'LOCAL_LARGE', 'CLOUD_SMALL', 'CLOUD_LARGE', 'SPECIALIST'] as const
export const ModelTier = oneOf(MODEL_TIERS)
export type ModelTier = z.output<typeof ModelTier>

/** Fields of the hospital that a model may serve. */
export const DOMAINS = ['clinical', 'billing', 'general', 'code'] as const
export const Domain = oneOf(DOMAINS)
export type Domain = z.output<typeof Domain>

export const ModelKind = oneOf(['chat', 'embedding'])
export type ModelKind = z.output<typeof ModelKind>

const dollars = number(0, 1_000_000)
const PRICE = 'an object: {"input", "output"} in US dollars per million tokens, or {"gpu_second"} in US dollars'

/** US dollars: per million tokens read and written, or per second that a GPU works. */
export const Price = z.union(
  [z.strictObject({ input: dollars, output: dollars }), z.strictObject({ gpu_second: dollars })],
  must(PRICE),
)
export type Price = z.output<typeof Price>

const TYPE_NAMES: readonly string[] = TASK_TYPES
/** A word in capitals is meant as a type of task. Shorter ones are abbreviations: ICD, ECG. */
const CAPITALS = /^[A-Z]{5,}$/

export const isTaskType = (word: string): word is TaskType => TYPE_NAMES.includes(word)

const trait = text(64)
  .refine((word) => isTaskType(word) || !CAPITALS.test(word), {
    error: `is no type of task (${TASK_TYPES.join(', ')}); write a remark of your own in lower case`,
  })
  // As a remark it would shut nothing out, and nobody would see it.
  .refine((word) => isTaskType(word) || !isTaskType(word.trim().toUpperCase()), {
    error: `is a type of task in other letters: write it in capitals (${TASK_TYPES.join(', ')}), or another remark`,
  })
const traits = z.array(trait, must('a list of types of tasks and remarks')).max(32, 'must have 32 entries or fewer')

/** What a roster may say about a model beside where it is. Everything is optional: routing has a default for each. */
export const ListedCard = z.object({
  kind: ModelKind.optional().describe('What it serves. Default: chat'),
  api: z
    .literal('openai', must('"openai": other APIs are not served'))
    .optional()
    .describe('The API that it speaks. Default: openai'),
  tier: ModelTier.optional().describe('Default: LOCAL_LARGE'),
  cloud: z
    .boolean(must('true or false'))
    .optional()
    .describe('Whether it runs outside of the hospital. Default: true for the CLOUD tiers'),
  speed: number(0, 10).optional().describe('Default: 5'),
  quality: number(0, 10).optional().describe('Default: 5'),
  strengths: traits.optional().describe('Types of tasks, and remarks'),
  weaknesses: traits.optional().describe('Types of tasks that it is not to be given, and remarks'),
  domains: z
    .array(Domain, must('a list of domains'))
    .min(1, must('a list of one domain or more'))
    .optional()
    .describe('What it serves, its main field first. Default: all'),
  max_output: whole(1).optional().describe('Most tokens of one answer. Default: what the context leaves'),
  memory_gb: number(0, 100_000).optional().describe('Memory that it takes'),
  price: Price.optional().describe('Default: 0 for a local model; a cloud model needs one'),
})
export type ListedCard = z.output<typeof ListedCard>

/** Whether a model runs outside of the hospital. */
export const isCloud = ({ cloud, tier }: Pick<ListedCard, 'cloud' | 'tier'>): boolean =>
  cloud ?? tier?.startsWith('CLOUD_') ?? false

/** Why a cloud model gets no patient data. */
export const NO_PHI_EGRESS =
  'Patient data may not go to a cloud model: ALLOW_PHI_EGRESS is not true. ' +
  'Ask a local model, or say phi: false of a text that holds none.'

/** A model as routing sees it: every field known, by the roster, by what is known of the model, or by default. */
export const ModelCard = z.object({
  id: z.string(),
  kind: ModelKind,
  tier: ModelTier,
  cloud: z.boolean().describe('Runs outside of the hospital'),
  speed: z.number(),
  quality: z.number(),
  strengths: z.array(z.enum(TASK_TYPES)),
  weaknesses: z.array(z.enum(TASK_TYPES)),
  remarks: z.object({ strengths: z.array(z.string()), weaknesses: z.array(z.string()) }),
  domains: z.array(Domain),
  main_domain: Domain.nullable().describe('The field it is made for; null when it is made for none'),
  context_window: z.int().nullable(),
  max_output: z.int().nullable(),
  memory_gb: z.number().nullable(),
  price: Price,
  source: z
    .enum(['roster', 'known', 'default'])
    .describe('Where the ratings come from: the roster, what is known of this model, or nowhere'),
})
export type ModelCard = z.output<typeof ModelCard>
