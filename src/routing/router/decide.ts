import type {
  Gate,
  Parts,
  RouteQuestion,
  RoutingDecision,
  RoutingRefusal,
  RoutingRule,
  ScoredModel,
} from '../../contract/routing.ts'
import { worstCost } from '../cost.ts'
import type { Candidate, Policy } from './candidate.ts'
import { cardGate, hardGate, LOCAL_PREFERRED } from './gates.ts'
import { expectedSeconds, liveTerm } from './live.ts'
import { domainOf, likelihoods, partsOf } from './parts.ts'
import { planTools } from './tools.ts'
import { weightsFor } from './weights.ts'
import { reasonFor, whyLower } from './words.ts'

/** Alternatives that are explained. */
const MOST_ALTERNATIVES = 5
/** A lead of this much over the next best is a clear one. */
const CLEAR_LEAD = 0.1

export type Routed = { ok: true; decision: RoutingDecision } | { ok: false; refusal: RoutingRefusal }

/** A rule's first model is lifted half of the way to a full score, its second a quarter, its third a sixth. */
function preferenceOf(rule: RoutingRule | undefined, id: string): number {
  const place = rule?.prefer_models?.indexOf(id) ?? -1
  return place === -1 ? 0 : 0.5 / (place + 1)
}

function weigh(parts: Parts, weights: Parts): number {
  const sum =
    parts.quality * weights.quality +
    parts.speed * weights.speed +
    parts.fit * weights.fit +
    parts.confidence * weights.confidence +
    parts.cost * weights.cost
  return Math.min(1, sum)
}

/** The best first; those that are gated last; the same score by id, so that no order of the roster counts. */
function byRank(a: ScoredModel, b: ScoredModel): number {
  if ((a.gate === null) !== (b.gate === null)) return a.gate === null ? -1 : 1
  if (a.score !== b.score) return b.score - a.score
  return a.model < b.model ? -1 : 1
}

interface Row extends ScoredModel {
  gate: Gate | null
}

/** Rates every candidate. Those that only their card speaks against are gated too, until `reopen`. */
function rate(question: RouteQuestion, candidates: readonly Candidate[], policy: Policy): Row[] {
  const { classification, prompt_tokens, max_tokens } = question
  const rule = policy.routing.rules?.[classification.type]
  const weights = weightsFor(question.prefer, classification.complexity, policy.routing.weights)
  const likely = likelihoods(classification)
  const domain = domainOf(question)
  return candidates.map((candidate) => {
    const { card, live } = candidate
    const seconds = 'gpu_second' in card.price ? expectedSeconds(card, live, max_tokens) : 0
    const cost = worstCost(card.price, { prompt_tokens, max_tokens, seconds })
    const parts = partsOf(card, likely, domain, cost)
    const preferred = preferenceOf(rule, card.id)
    const now = liveTerm(card, live, max_tokens)
    const base = weigh(parts, weights)
    return {
      model: card.id,
      tier: card.tier,
      parts,
      weights,
      preferred,
      live: now,
      score: (base + (1 - base) * preferred) * now,
      estimated_cost: cost,
      gate: hardGate(candidate, question, policy, rule, cost) ?? cardGate(candidate, question, domain),
    }
  })
}

const isOpen = ({ gate }: Row): boolean => gate === null

/**
 * Nothing else is left: what only the cards speak against may be chosen after all, first those that serve the field and
 * are weak at this type of task. What is lifted, by model.
 */
function reopen(rows: readonly Row[]): Map<string, string> {
  const lifted = new Map<string, string>()
  for (const code of ['weakness', 'domain'] as const) {
    if (rows.some(isOpen)) return lifted
    for (const row of rows)
      if (row.gate?.code === code) {
        lifted.set(row.model, row.gate.reason)
        row.gate = null
      }
  }
  return lifted
}

/** Cloud models step back where a local one is open. */
function keepLocal(rows: readonly Row[], candidates: readonly Candidate[]): void {
  const isCloud = (at: number): boolean => (candidates[at] as Candidate).card.cloud
  if (!rows.some((row, at) => isOpen(row) && !isCloud(at))) return
  rows.forEach((row, at) => {
    if (isOpen(row) && isCloud(at)) row.gate = LOCAL_PREFERRED
  })
}

function refuse({ classification }: RouteQuestion, rows: readonly Row[]): RoutingRefusal {
  const models = rows.flatMap(({ model, gate }) => (gate === null ? [] : [{ model, ...gate }]))
  const said = models.map(({ model, reason }) => `${model}: ${reason.replace(/\.$/, '')}`).join('; ')
  return {
    message: models.length === 0 ? 'There are no models to choose from.' : `No model may serve this. ${said}.`,
    task_type: classification.type,
    complexity: classification.complexity,
    models,
  }
}

/**
 * The classifier's own confidence, down to half of it when the next best is as good, and half of that outside of a
 * card.
 */
function confidenceOf(confidence: number, best: Row, next: Row | undefined, outside: boolean): number {
  const lead = next === undefined ? 1 : Math.min(1, (best.score - next.score) / CLEAR_LEAD)
  return confidence * (0.5 + lead / 2) * (outside ? 0.5 : 1)
}

/**
 * Chooses a model for a task: gates first, then the highest score, by id where scores are the same. Pure, and the order
 * of the candidates does not count. Refuses, model by model, when none may serve it.
 */
export function decide(question: RouteQuestion, candidates: readonly Candidate[], policy: Policy): Routed {
  const { classification } = question
  const rows = rate(question, candidates, policy)
  const lifted = reopen(rows)
  if (question.prefer_local) keepLocal(rows, candidates)
  rows.sort(byRank)
  const [best, next] = rows
  if (best === undefined || best.gate !== null) return { ok: false, refusal: refuse(question, rows) }

  const open = rows.findLastIndex(isOpen) + 1
  const runnerUp = open > 1 ? next : undefined
  const outside_card = lifted.get(best.model) ?? null
  const sentence = reasonFor(question, best, runnerUp, rows.length - open)
  return {
    ok: true,
    decision: {
      target_model: best.model,
      target_tier: best.tier,
      estimated_cost: best.estimated_cost,
      confidence: confidenceOf(classification.confidence, best, runnerUp, outside_card !== null),
      reasoning: outside_card === null ? sentence : `${sentence} No better one was left: ${outside_card}.`,
      planned_tools: planTools(classification, policy.tools),
      alternatives: rows
        .slice(1, Math.min(open, 1 + MOST_ALTERNATIVES))
        .map((row) => ({ model: row.model, score: row.score, why_lower: whyLower(row, best) })),
      table: rows,
      task_type: classification.type,
      task_type_source: classification.source ?? 'rules',
      complexity: classification.complexity,
      outside_card,
      fallback: null,
    },
  }
}
