import { z } from 'zod'
import { MAX_TIMEOUT_MS } from './execute.ts'
import { MODEL_TIERS, ModelTier } from './model-card.ts'
import { oneOf } from './must.ts'
import { RoutingDecision } from './routing.ts'
import { RunStatus } from './status.ts'

export const OptimizeFor = oneOf(['balanced', 'cost', 'speed', 'accuracy']).describe('What matters most')
export type OptimizeFor = z.output<typeof OptimizeFor>

/** Turns that one task may take at most, whoever asks. */
export const MOST_TURNS = 50

export const SuperviseRequest = z.strictObject({
  task: z.string().regex(/\S/, 'must hold text').describe('What is asked'),
  system_prompt: z.string().optional().describe('Goes before the question, to every model but the orchestrator'),
  context: z
    .array(z.string().regex(/\S/, 'must hold text'))
    .max(100)
    .default([])
    .describe('Texts that the task is about, each one document'),
  use_orchestrator: z
    .boolean()
    .optional()
    .describe('false: the router chooses alone. Default: true where the service has an orchestrator model'),
  prefer_local: z.boolean().optional().describe('No model outside of the hospital while one inside can serve it'),
  max_cost: z.number().min(0).max(1_000_000).optional().describe('US dollars that all turns together may cost'),
  optimize_for: OptimizeFor.optional(),
  max_turns: z.int().min(1).max(MOST_TURNS).optional().describe('Decisions of the orchestrator model at most'),
  phi: z
    .boolean()
    .default(true)
    .describe('false: the texts hold no patient data, and may go to models outside of the hospital'),
  timeout_ms: z.int().min(1).max(MAX_TIMEOUT_MS).optional().describe('Milliseconds for everything together'),
})

/** Why the router had to choose in place of the orchestrator model. */
export const FALLBACK_REASONS = [
  'not_configured',
  'unavailable',
  'invalid',
  'loop',
  'turns',
  'budget',
  'time',
  'no_model',
] as const
export const FallbackReason = z.enum(FALLBACK_REASONS)
export type FallbackReason = z.output<typeof FallbackReason>

/** Why a call of a tool was not made. */
export const CallFault = z.enum(['unknown_tool', 'unknown_model', 'not_offered', 'one_per_turn'])
export type CallFault = z.output<typeof CallFault>

const ms = z.number().describe('Milliseconds, to the microsecond')

export const SuperviseStep = z.object({
  turn: z.int().describe('Counted from 1; 0: the orchestrator model was not asked'),
  step: z
    .enum(['decide', 'tool', 'fallback'])
    .describe('decide: the orchestrator model was asked; tool: what it chose was done; fallback: the router chose'),
  tool: z.string().nullable(),
  alias: z.string().nullable().describe('The name under which the orchestrator model knows the model'),
  model: z.string().nullable(),
  run_id: z.string().nullable().describe('Of the run that did it; null where none was started'),
  latency_ms: ms,
  cost: z.number().describe('US dollars'),
  outcome: z.string().describe('ok, or why not: no_call, a fault of the call, or the code of a task or a problem'),
  ignored: z
    .array(z.object({ tool: z.string(), model: z.string().nullable(), reason: CallFault }))
    .describe('Calls of tools that were not made'),
})
export type SuperviseStep = z.output<typeof SuperviseStep>

export const SuperviseMetadata = z.object({
  cost: z.number().describe('US dollars of all turns, by the prices of the roster'),
  models_used: z.array(z.string()).describe('Models whose text went into the answer, in the order of their first use'),
  turns: z.int().describe('Turns that the orchestrator model was asked in'),
  tier_used: ModelTier.nullable().describe(`The highest tier of those models: ${MODEL_TIERS.join(' < ')}`),
  routing: RoutingDecision.nullable().describe('The choice of the model that answered'),
  orchestrator_model: z.string().nullable().describe('Null: it was not asked'),
  orchestrator_reasoning: z.string().nullable().describe('What it wrote to itself, turn by turn'),
  fallback_reason: FallbackReason.nullable().describe('Why the router chose; null when the orchestrator model did'),
  latency_ms: ms,
  simulated: z.boolean(),
  truncated: z.boolean().describe('The answer was cut by its token limit'),
  warnings: z.array(z.string()),
})
export type SuperviseMetadata = z.output<typeof SuperviseMetadata>

export const SuperviseResponse = z.object({
  content: z.string().describe('The text of the model that answered'),
  status: RunStatus,
  metadata: SuperviseMetadata,
  trace: z.array(SuperviseStep),
})

/** What a tool does for a task. */
export const TOOL_KINDS = ['planner', 'generator', 'validator', 'reference', 'selector', 'expert'] as const

export const ToolView = z.object({
  name: z.string(),
  kind: z.enum(TOOL_KINDS),
  description: z.string(),
  default_tier: ModelTier,
  offered: z.boolean().describe('Whether the orchestrator model may choose it'),
})
export const ToolList = z.object({ tools: z.array(ToolView) })

export type SuperviseRequest = z.output<typeof SuperviseRequest>
/** As a caller writes it: defaults may be left out. */
export type SuperviseInput = z.input<typeof SuperviseRequest>
export type SuperviseResponse = z.output<typeof SuperviseResponse>
export type ToolKind = (typeof TOOL_KINDS)[number]
export type ToolView = z.output<typeof ToolView>
export type ToolList = z.output<typeof ToolList>
