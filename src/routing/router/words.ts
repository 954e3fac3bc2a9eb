import type { Parts, RouteQuestion, ScoredModel } from '../../contract/routing.ts'

const PARTS = ['quality', 'speed', 'fit', 'confidence', 'cost'] as const satisfies (keyof Parts)[]

const two = (value: number): string => value.toFixed(2)
/** Four decimals: a score that is shown, and what it is compared with, must not look the same when they are not. */
const four = (value: number): string => value.toFixed(4)

/** `$0.0123`, to a millionth of a dollar. */
export const dollars = (usd: number): string => `$${usd.toFixed(6).replace(/\.?0+$/, '')}`

/** What a model lost most on against the chosen one. */
export function whyLower(row: ScoredModel, best: ScoredModel): string {
  const lead = `${four(best.score - row.score)} lower`
  let most = best.live - row.live
  let what = `live ${two(row.live)} against ${two(best.live)}: busier, slower or failing more now`
  for (const part of PARTS) {
    const lost = (best.parts[part] - row.parts[part]) * row.weights[part]
    if (lost <= most) continue
    most = lost
    what = `${part} ${two(row.parts[part])} against ${two(best.parts[part])}, weight ${two(row.weights[part])}`
  }
  if (best.preferred - row.preferred > most) return `${lead}: a rule of the roster prefers ${best.model}`
  return most > 0 ? `${lead}: ${what}` : `${lead}: the same in every part, the first name goes first`
}

/** Whose word the type is, where it is not the classifier's own. */
const BY = {
  rules: '',
  small_model: ', by the word of a small model that was asked',
  caller: ', as the request says',
} as const

/** The choice in one sentence, with its numbers. */
export function reasonFor(
  question: RouteQuestion,
  best: ScoredModel,
  next: ScoredModel | undefined,
  gated: number,
): string {
  const { classification, prefer } = question
  const sums = PARTS.filter((part) => best.weights[part] > 0).map(
    (part) => `${part} ${two(best.parts[part])}×${two(best.weights[part])}`,
  )
  const preferred = best.preferred > 0 ? ', preferred by a rule of the roster' : ''
  const usd = best.estimated_cost
  const cost = usd === 0 ? 'it costs nothing' : `it costs at most about ${dollars(usd)}`
  const others = next === undefined ? 'no other model was left' : `next ${next.model} with ${four(next.score)}`
  return (
    `${best.model} (${best.tier}) has the highest score, ${four(best.score)}, for ${classification.type} ` +
    `(confidence ${two(classification.confidence)}${BY[classification.source ?? 'rules']}, complexity ${two(classification.complexity)}), ${prefer}: ` +
    `${sums.join(' + ')}, live ${two(best.live)}${preferred}; ${others}` +
    `${gated > 0 ? `; ${gated} could not be chosen` : ''}; ${cost}.`
  )
}
