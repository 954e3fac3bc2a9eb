import { MODEL_TIERS, type ModelTier } from '../contract/model-card.ts'
import type { RunStatus } from '../contract/status.ts'
import type { FallbackReason, SuperviseResponse } from '../contract/supervise.ts'
import type { Errand, Made } from './errand.ts'
import type { Models } from './port.ts'

/** The highest by the order of tiers; null of none. */
export function highestTier(tiers: readonly ModelTier[]): ModelTier | null {
  const ranks = tiers.map((tier) => MODEL_TIERS.indexOf(tier))
  return ranks.length === 0 ? null : (MODEL_TIERS[Math.max(...ranks)] as ModelTier)
}

export interface Ended {
  errand: Errand
  /** Null: nobody has answered. */
  made: Made | null
  status: RunStatus
  /** Null: it was not asked. */
  orchestrator: string | null
  fallback: FallbackReason | null
}

/** All that is told of a task: the text, and how it came about. */
export function answerOf({ errand, made, status, orchestrator, fallback }: Ended, models: Models): SuperviseResponse {
  const { models_used, spent, turns, trace, thoughts, simulated, elapsed_ms } = errand
  const result = made?.done.result ?? null
  return {
    content: result?.content ?? '',
    status,
    metadata: {
      cost: spent,
      models_used,
      turns,
      tier_used: highestTier(models_used.map((model) => models.card(model).tier)),
      routing: made?.routing ?? null,
      orchestrator_model: turns === 0 ? null : orchestrator,
      orchestrator_reasoning: thoughts.length === 0 ? null : thoughts.join('\n\n'),
      fallback_reason: fallback,
      latency_ms: Math.round(elapsed_ms * 1000) / 1000,
      simulated,
      truncated: result?.truncated ?? false,
      warnings: result?.warnings ?? [],
    },
    trace,
  }
}
