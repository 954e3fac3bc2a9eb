import type { Domain, ModelCard } from '../../contract/model-card.ts'
import type { Classification, Parts, RouteQuestion } from '../../contract/routing.ts'
import type { TaskType } from '../../contract/task-type.ts'

/** US dollars that halve the cost part. */
const HALVING_COST = 0.01

type Distribution = Classification['distribution']

/** The likelihood of each type, adding up to 1 at most. What is missing to 1 is not known. */
export function likelihoods({ type, confidence, distribution }: Classification): Distribution {
  let sum = 0
  for (const key in distribution) sum += distribution[key as TaskType] ?? 0
  if (sum === 0) return { [type]: confidence }
  if (sum <= 1) return distribution
  const scaled: Distribution = {}
  for (const key in distribution) scaled[key as TaskType] = (distribution[key as TaskType] ?? 0) / sum
  return scaled
}

/** The field that a question belongs to: as it says, or by its type. */
export const domainOf = ({ domain, classification }: RouteQuestion): Domain | null =>
  domain ?? (classification.type === 'CODING' ? 'code' : null)

function sumOf(types: readonly TaskType[], likely: Distribution): number {
  let sum = 0
  for (const type of types) sum += likely[type] ?? 0
  return Math.min(1, sum)
}

/** 1: its main field; 0.5: one of the others that it serves; 0: not served. */
function domainFit({ main_domain, domains }: ModelCard, domain: Domain): number {
  if (main_domain === domain) return 1
  return domains.includes(domain) ? 0.5 : 0
}

/** The numbers that a score is made of, each 0 to 1. `docs/routing.md` has the formulas in words. */
export function partsOf(card: ModelCard, likely: Distribution, domain: Domain | null, cost: number): Parts {
  const weak = sumOf(card.weaknesses, likely)
  const byType = Math.min(1, Math.max(0, 0.5 + (sumOf(card.strengths, likely) - weak) / 2))
  return {
    quality: card.quality / 10,
    speed: card.speed / 10,
    fit: domain === null ? byType : (byType + domainFit(card, domain)) / 2,
    confidence: 1 - weak,
    cost: HALVING_COST / (HALVING_COST + cost),
  }
}
