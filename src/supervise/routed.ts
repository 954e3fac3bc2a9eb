import type { RoutingDecision, ScoredModel } from '../contract/routing.ts'
import type { Choice } from '../routing/orchestrator/read-turn.ts'

/** What is left of the router's confidence where the orchestrator model was to choose and could not. */
const FALLBACK_SHARE = 0.75

/** The router's decision as a fallback: less sure, and saying why. */
export const asFallback = (decision: RoutingDecision, why: string): RoutingDecision => ({
  ...decision,
  confidence: decision.confidence * FALLBACK_SHARE,
  fallback: why,
})

/**
 * The orchestrator model's choice in the form of the router's. Its confidence is the router's own, less by how much lower
 * the router scored the model that was chosen: two that agree are surer than two that do not.
 */
export function asChosen(
  decision: RoutingDecision,
  { expert }: Pick<Choice, 'expert'>,
  orchestrator: string,
  tools: readonly string[],
): RoutingDecision {
  const { id, tier } = expert.card
  const row = decision.table.find(({ model }) => model === id) as ScoredModel
  const best = decision.table[0] as ScoredModel
  const agreed = best.score === 0 ? 1 : Math.min(1, row.score / best.score)
  const others = decision.table.filter(({ model, gate }) => model !== id && gate === null)
  return {
    ...decision,
    target_model: id,
    target_tier: tier,
    estimated_cost: row.estimated_cost,
    confidence: decision.confidence * agreed,
    reasoning: `${orchestrator} chose ${expert.alias} (${id}) after ${tools.join(', ')}.`,
    planned_tools: [...tools],
    alternatives: others.slice(0, 5).map(({ model, score }) => ({
      model,
      score,
      why_lower: `was not chosen; the router scored it ${score.toFixed(4)}, the chosen one ${row.score.toFixed(4)}`,
    })),
    fallback: null,
  }
}
