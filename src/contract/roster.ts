import { z } from 'zod'
import { RosterBudgets } from './budget.ts'
import { ListedCard } from './model-card.ts'
import { must, plain, text, whole } from './must.ts'
import { RosterRouting } from './routing.ts'

const table = must('an object')
const modelId = z.string(must('the id of a model'))

const id = plain(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/, '1–128 characters of A–Z a–z 0–9 . _ : / -')
const agentName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/)
const agents = ({ code, input }: { code: string; input?: unknown }) =>
  code === 'invalid_key'
    ? 'is no name of an agent: must be 1–64 characters of A–Z a–z 0–9 _ -, a letter first'
    : must('an object: agent → its model').error({ input })

/** Most calls at once that a model server may be given. */
export const MAX_SLOTS = 1024

export const RosterGpu = z.strictObject(
  {
    id: whole(0),
    name: text(128).optional(),
    max_concurrent: whole(1).optional().describe('Cap on concurrent calls over all lanes of this GPU'),
  },
  table,
)

export const RosterModel = z.strictObject(
  {
    id,
    url: z.url({ protocol: /^https?$/, ...must('an http or https URL') }).describe('Base URL, with /v1'),
    gpu: whole(0),
    slots: whole(1, MAX_SLOTS).optional().describe('Calls at once; left out: what the server tells, 1 until then'),
    context_window: whole(128).optional().describe('Tokens per slot, prompt and answer together'),
    served_model: text(512).optional().describe('Sent as `model` instead of the id'),
    ...ListedCard.shape,
  },
  table,
)

export const RosterAgent = z.strictObject(
  {
    model: modelId,
    fallbacks: z.array(modelId, must('a list of model ids')).default([]),
    hedge_after_ms: whole(1, 86_400_000)
      .optional()
      .describe('Send a call a second time when it has not been answered after so long; absent: never'),
  },
  must('an object, for example {"model": "clinical-7b"}'),
)

const models = must('a list of at least one model')

/** The file that `MODELS_FILE` names, and the shape of the built-in roster. */
export const RosterFile = z.strictObject(
  {
    gpus: z.array(RosterGpu, must('a list of GPUs')).default([]),
    models: z.array(RosterModel, models).min(1, models),
    agents: z.record(agentName, RosterAgent, { error: agents }),
    routing: RosterRouting.optional(),
    budgets: RosterBudgets.optional(),
  },
  must('an object with models and agents'),
)

export type RosterFile = z.output<typeof RosterFile>
export type RosterGpu = z.output<typeof RosterGpu>
export type RosterModel = z.output<typeof RosterModel>
export type RosterAgent = z.output<typeof RosterAgent>

export const BreakerState = z.enum(['closed', 'open', 'half_open'])
export type BreakerState = z.output<typeof BreakerState>

/**
 * Where a model's slots come from. `environment`: the server is an Ollama, which tells nobody, and OLLAMA_NUM_PARALLEL is set
 * for the service too. `default`: nobody says anything, so 1.
 */
export const SlotsSource = z.enum(['roster', 'server', 'environment', 'default'])
export type SlotsSource = z.output<typeof SlotsSource>

/** Answer of GET /v1/roster: what the table says and what is true now. */
export const RosterView = z.object({
  gpus: z.array(
    z.object({ id: z.int(), name: z.string().nullable(), max_concurrent: z.int().nullable(), busy: z.int() }),
  ),
  models: z.array(
    z.object({
      id: z.string(),
      url: z.string(),
      gpu: z.int(),
      slots: z.int().describe('Calls that are let through at once'),
      slots_source: SlotsSource,
      served_slots: z.int().nullable().describe('What the server tells; null when it tells nothing'),
      context_window: z.int().nullable().describe('The smaller of what the roster lists and what the server tells'),
      busy: z.int(),
      queued: z.int(),
      estimated_wait_ms: z
        .number()
        .nullable()
        .describe('Of a call that came now; null while nothing is known of the server'),
      reachable: z.boolean().nullable().describe('By the last contact; null until there was one'),
      breaker: BreakerState,
      off: z.string().nullable().describe('Why no call goes out to it at all; null when calls do'),
      last_latency_ms: z.number().nullable(),
      error_rate: z
        .number()
        .nullable()
        .describe('Share of its calls that failed lately, 0 to 1; halves with every minute; null before the first'),
      agents: z.array(z.string()),
    }),
  ),
  agents: z.record(z.string(), z.object({ model: z.string(), fallbacks: z.array(z.string()) })),
})
export type RosterView = z.output<typeof RosterView>
