import { type Domain, NO_PHI_EGRESS } from '../../contract/model-card.ts'
import type { Gate, GateCode, RouteQuestion, RoutingRule } from '../../contract/routing.ts'
import type { Candidate, Policy } from './candidate.ts'
import { dollars } from './words.ts'

const gate = (code: GateCode, reason: string): Gate => ({ code, reason })

/** What keeps a model from being asked, whatever it would score; null when nothing does. */
export function hardGate(
  { card, off, live }: Candidate,
  question: RouteQuestion,
  policy: Policy,
  rule: RoutingRule | undefined,
  cost: number,
): Gate | null {
  const { prompt_tokens, max_tokens, max_cost, left_cost = null, tiers, classification } = question
  if (card.kind !== question.kind) return gate('kind', `serves ${card.kind}, not ${question.kind}`)
  if (off !== null) return gate('cloud_off', off)
  // Only a plain false says that there is none.
  if (card.cloud && question.phi !== false && !policy.phi_egress) return gate('phi', NO_PHI_EGRESS)
  if (tiers !== null && !tiers.includes(card.tier))
    return gate('tier', `tier ${card.tier} is not allowed (${tiers.join(', ')})`)
  if (rule?.tiers !== undefined && !rule.tiers.includes(card.tier))
    return gate('rule', `routing.rules.${classification.type} allows ${rule.tiers.join(', ')}, not ${card.tier}`)
  if (rule?.min_quality !== undefined && card.quality < rule.min_quality)
    return gate(
      'rule',
      `routing.rules.${classification.type} asks for quality ${rule.min_quality}, it has ${card.quality}`,
    )
  const window = live.context_window ?? card.context_window
  if (window !== null && prompt_tokens + max_tokens > window)
    return gate('context', `${prompt_tokens} + ${max_tokens} tokens do not fit its context of ${window}`)
  if (card.max_output !== null && max_tokens > card.max_output)
    return gate('max_output', `writes ${card.max_output} tokens at most, not ${max_tokens}`)
  if (max_cost !== null && cost > max_cost)
    return gate('budget', `may cost ${dollars(cost)}, more than ${dollars(max_cost)}`)
  if (left_cost !== null && cost > left_cost)
    return gate('budget', `may cost ${dollars(cost)}, and the budget has ${dollars(left_cost)} left`)
  if (live.breaker === 'open') return gate('breaker_open', 'failed repeatedly and is being left alone')
  if (live.reachable === false) return gate('unreachable', 'cannot be reached')
  return null
}

/** What a model's card speaks against, so that it is asked only when no other is left; null when nothing. */
export function cardGate({ card }: Candidate, question: RouteQuestion, domain: Domain | null): Gate | null {
  const { type } = question.classification
  if (domain !== null && !card.domains.includes(domain))
    return gate('domain', `its card serves ${card.domains.join(', ')}, not ${domain}`)
  if (card.weaknesses.includes(type)) return gate('weakness', `its card lists ${type} as a weakness`)
  return null
}

export const LOCAL_PREFERRED: Gate = gate('local_preferred', 'a local model can serve it, and those go first')
