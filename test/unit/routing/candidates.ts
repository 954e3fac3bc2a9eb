import type { ModelCard } from '../../../src/contract/model-card.ts'
import {
  RouteQuestion,
  type RoutingDecision,
  type RoutingRefusal,
  type ScoredModel,
} from '../../../src/contract/routing.ts'
import type { TaskType } from '../../../src/contract/task-type.ts'
import { resolveCard } from '../../../src/routing/cards/resolve.ts'
import { type Candidate, type Live, type Policy, UNKNOWN } from '../../../src/routing/router/candidate.ts'
import { decide } from '../../../src/routing/router/decide.ts'

/** A model of middling ratings, but for what `card` says. */
export function candidate(
  id: string,
  card: Partial<ModelCard> = {},
  parts: { off?: string; live?: Partial<Live> } = {},
) {
  const plain = resolveCard({ id, served_model: id, context_window: 8192 })
  return {
    card: { ...plain, ...card },
    off: parts.off ?? null,
    live: { ...UNKNOWN, ...parts.live },
  } satisfies Candidate
}

export const POLICY: Policy = { phi_egress: false, routing: {}, tools: ['answer', 'search', 'enhance_reasoning'] }

type Asked = Omit<Partial<RouteQuestion>, 'classification'> & {
  type?: TaskType
  complexity?: number
  confidence?: number
}

/** A question of middling complexity whose type is certain. */
export function question({ type = 'ANALYSIS', complexity = 0.5, confidence = 1, ...rest }: Asked = {}): RouteQuestion {
  return RouteQuestion.parse({
    classification: { type, confidence, distribution: { [type]: confidence }, complexity },
    prompt_tokens: 300,
    max_tokens: 512,
    ...rest,
  })
}

export function chosen(asked: RouteQuestion, candidates: readonly Candidate[], policy = POLICY): RoutingDecision {
  const routed = decide(asked, candidates, policy)
  if (!routed.ok) throw new Error(routed.refusal.message)
  return routed.decision
}

export function refused(asked: RouteQuestion, candidates: readonly Candidate[], policy = POLICY): RoutingRefusal {
  const routed = decide(asked, candidates, policy)
  if (routed.ok) throw new Error(`Chose ${routed.decision.target_model}`)
  return routed.refusal
}

export const rowOf = (decision: RoutingDecision, id: string): ScoredModel =>
  decision.table.find(({ model }) => model === id) as ScoredModel
