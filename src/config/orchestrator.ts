import { z } from 'zod'
import { MOST_TURNS, OptimizeFor } from '../contract/supervise.ts'
import { int, list, text } from './fields.ts'

const DOLLARS = 'must be a number of US dollars from 0 to 1000000, for example 0.5'

const dollars = z
  .string()
  .regex(/^\d+(\.\d+)?$/, DOLLARS)
  .transform(Number)
  .refine((amount) => amount <= 1_000_000, DOLLARS)

/** The orchestrator model, and what holds for `POST /v1/supervise` where a request says nothing. */
export const ORCHESTRATOR_FIELDS = {
  ORCHESTRATOR_MODEL: text.optional(),
  ORCHESTRATOR_MAX_TURNS: int(1, MOST_TURNS).prefault('10'),
  ORCHESTRATOR_MAX_COST: dollars.prefault('1.0'),
  ORCHESTRATOR_PREFER_LOCAL: z.enum(['true', 'false']).default('true'),
  ORCHESTRATOR_OPTIMIZE_FOR: OptimizeFor.default('balanced'),
  ORCHESTRATOR_TURN_TIMEOUT_MS: int(1, 86_400_000).prefault('60000'),
  ORCHESTRATOR_MAX_TOKENS: int(64, 8192).prefault('4096'),
  ORCHESTRATOR_EXAMPLES: text.optional(),
  ORCHESTRATOR_TOOLS: list.prefault('enhance_reasoning,answer,search'),
}

const OrchestratorEnv = z.object(ORCHESTRATOR_FIELDS)

/** `readJson` reads a file that a variable names. */
export const readOrchestrator = (
  env: z.output<typeof OrchestratorEnv>,
  readJson: (name: string, path: string) => unknown,
) => ({
  /** Id of a model of the roster; null: the router chooses. */
  model: env.ORCHESTRATOR_MODEL ?? null,
  maxTurns: env.ORCHESTRATOR_MAX_TURNS,
  /** US dollars. */
  maxCost: env.ORCHESTRATOR_MAX_COST,
  preferLocal: env.ORCHESTRATOR_PREFER_LOCAL === 'true',
  optimizeFor: env.ORCHESTRATOR_OPTIMIZE_FOR,
  turnTimeoutMs: env.ORCHESTRATOR_TURN_TIMEOUT_MS,
  /** Of one turn, what the model writes to itself included. */
  maxTokens: env.ORCHESTRATOR_MAX_TOKENS,
  /** Good choices of the past, parsed but not yet checked; null: none. */
  examples:
    env.ORCHESTRATOR_EXAMPLES === undefined
      ? null
      : { path: env.ORCHESTRATOR_EXAMPLES, content: readJson('ORCHESTRATOR_EXAMPLES', env.ORCHESTRATOR_EXAMPLES) },
  /** Names of the tools that it may choose. */
  tools: env.ORCHESTRATOR_TOOLS,
})

export type OrchestratorConfig = ReturnType<typeof readOrchestrator>
