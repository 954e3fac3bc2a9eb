import type { ModelCard } from '../../src/contract/model-card.ts'
import { type Classification, type Prefer, RouteQuestion } from '../../src/contract/routing.ts'
import { worstCost } from '../../src/routing/cost.ts'
import { type Candidate, UNKNOWN } from '../../src/routing/router/candidate.ts'
import { decide } from '../../src/routing/router/decide.ts'
import { cardGate, hardGate } from '../../src/routing/router/gates.ts'
import { promisedMsPerToken } from '../../src/routing/router/live.ts'
import { partsOf } from '../../src/routing/router/parts.ts'
import type { LabelledTask } from './tasks.ts'

const MAX_TOKENS = 512
/** The rating that an answer must come from, in hindsight. */
export const GOOD_ENOUGH = 7

/** Which model a task goes to; null: to none. */
export type Strategy = (task: LabelledTask) => ModelCard | null

export interface Setting {
  cards: readonly ModelCard[]
  /** What the classifier says of each task. */
  said: ReadonlyMap<string, Classification>
  prefer: Prefer
  /** @default false */
  prefer_local?: boolean
  /** ALLOW_PHI_EGRESS: clinical tasks may go to the cloud. */
  egress: boolean
  /** Whether the caller says that a clinical task is one. */
  field_said: boolean
}

const policyOf = (phi_egress: boolean) => ({ phi_egress, routing: {}, tools: [] })
const candidateOf = (card: ModelCard): Candidate => ({ card, off: null, live: UNKNOWN })

/** The task as it is, whatever a classifier says. */
const truthOf = ({ label, clinical, domain, prompt_tokens }: LabelledTask): RouteQuestion =>
  RouteQuestion.parse({
    classification: { type: label, confidence: 1, distribution: { [label]: 1 }, complexity: 0.5 },
    phi: clinical,
    domain,
    prompt_tokens,
    max_tokens: MAX_TOKENS,
  })

export function routed({ cards, said, prefer, prefer_local = false, egress, field_said }: Setting): Strategy {
  const candidates = cards.map(candidateOf)
  const policy = policyOf(egress)
  const byId = new Map(cards.map((card) => [card.id, card]))
  return ({ id, clinical, prompt_tokens }) => {
    const question = RouteQuestion.parse({
      classification: said.get(id),
      prefer,
      prefer_local,
      phi: clinical,
      domain: field_said && clinical && said.get(id)?.type !== 'CODING' ? 'clinical' : null,
      prompt_tokens,
      max_tokens: MAX_TOKENS,
    })
    const choice = decide(question, candidates, policy)
    return choice.ok ? (byId.get(choice.decision.target_model) ?? null) : null
  }
}

/** Whether the card serves what the task truly is: its type, its field, its length. */
export function serves(card: ModelCard, task: LabelledTask): boolean {
  const truth = truthOf(task)
  const candidate = candidateOf(card)
  const hard = hardGate(candidate, truth, policyOf(true), undefined, 0)
  return hard === null && cardGate(candidate, truth, task.domain) === null
}

/** US dollars by the card's price and the tokens that are assumed. A GPU is as fast as its rating promises. */
export const costOf = ({ price, speed }: ModelCard, { prompt_tokens, answer_tokens }: LabelledTask): number =>
  worstCost(price, {
    prompt_tokens,
    max_tokens: answer_tokens,
    seconds: (answer_tokens * promisedMsPerToken(speed)) / 1000,
  })

/** A proxy, made of cards alone: quality / 10 × fit, for what the task truly is. No answer was judged. */
export function qualityOf(card: ModelCard, task: LabelledTask): number {
  const { quality, fit } = partsOf(card, { [task.label]: 1 }, task.domain, 0)
  return quality * fit
}

/** Of the models that serve the task and are good enough: the cheapest, then by quality. Needs the true label. */
export const inHindsight =
  (cards: readonly ModelCard[], egress: boolean): Strategy =>
  (task) => {
    const open = cards.filter((card) => serves(card, task) && (egress || !task.clinical || !card.cloud))
    const good = open.filter(({ quality }) => quality >= GOOD_ENOUGH)
    const ranked = (good.length > 0 ? good : open).toSorted(
      (a, b) => costOf(a, task) - costOf(b, task) || qualityOf(b, task) - qualityOf(a, task),
    )
    return ranked[0] ?? null
  }

export interface Tally {
  /** US dollars for all tasks. */
  cost: number
  /** Mean of the proxy; an unserved task counts as 0. */
  quality: number
  /** Tasks that a local model got though its card does not serve what they truly are. */
  unserved_local: number
  /** Tasks that a local model got though its card does not serve what the router took them for. */
  against_card: number
  unanswered: number
  /** Share of tasks that stay in the hospital. */
  local: number
  by_model: ReadonlyMap<string, number>
}

/** The task as the router sees it: its type by the classifier, its field if it is said. */
export const seenBy =
  ({ said, field_said }: Pick<Setting, 'said' | 'field_said'>) =>
  (task: LabelledTask): LabelledTask => {
    const label = said.get(task.id)?.type ?? task.label
    const told = field_said && task.clinical ? 'clinical' : null
    return { ...task, label, domain: label === 'CODING' ? 'code' : told }
  }

/** What becomes of all tasks by a strategy, measured by their true labels. */
export function tally(
  tasks: readonly LabelledTask[],
  strategy: Strategy,
  seen: (task: LabelledTask) => LabelledTask = (task) => task,
): Tally {
  const by_model = new Map<string, number>()
  const sum = { cost: 0, quality: 0, unserved_local: 0, against_card: 0, unanswered: 0, local: 0 }
  for (const task of tasks) {
    const card = strategy(task)
    if (card === null) {
      sum.unanswered++
      continue
    }
    by_model.set(card.id, (by_model.get(card.id) ?? 0) + 1)
    sum.cost += costOf(card, task)
    sum.quality += qualityOf(card, task)
    if (card.cloud) continue
    sum.local++
    if (!serves(card, task)) sum.unserved_local++
    if (!serves(card, seen(task))) sum.against_card++
  }
  const share = (value: number): number => value / tasks.length
  return { ...sum, quality: share(sum.quality), local: share(sum.local), by_model }
}
