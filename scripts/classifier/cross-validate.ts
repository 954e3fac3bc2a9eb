import { TASK_TYPES } from '../../src/contract/task-type.ts'
import { AT, featuresOf } from '../../src/routing/classify/features.ts'
import { logitsOf } from '../../src/routing/classify/model.ts'
import { fitTemperature, negativeLogLikelihood, type Scored } from './calibration.ts'
import type { Example } from './data.ts'
import { quantise } from './quantise.ts'
import { type Row, type Settings, train } from './train.ts'

const LABELS = TASK_TYPES.length

/** `rules`: points. `linear`: words and looks. `mean`: of the log-probabilities of both. `blend`: all features. */
export const VARIANTS = ['rules', 'linear', 'mean', 'blend'] as const
export type Variant = (typeof VARIANTS)[number]

export interface Prediction extends Scored {
  example: Example
}

type LearnedRow = Row & { example: Example; scores: Float64Array }

/** Every example as a row of features. */
export const rowsOf = (examples: readonly Example[]): LearnedRow[] =>
  examples.map((example) => {
    const { index, value, count, scores } = featuresOf(example.text)
    return {
      example,
      label: TASK_TYPES.indexOf(example.label),
      index: index.slice(0, count),
      value: Float64Array.from(value.subarray(0, count)),
      scores: Float64Array.from(scores),
    }
  })

/** The row with the features that know no rule: hashed words, the bias and how the text looks. */
function withoutRules(row: LearnedRow): LearnedRow {
  const kept = [...row.index.keys()].filter((i) => (row.index[i] as number) < AT.classes)
  return {
    ...row,
    index: Uint16Array.from(kept, (i) => row.index[i] as number),
    value: Float64Array.from(kept, (i) => row.value[i] as number),
  }
}

/** The logits of rows by weights as they would be shipped, in bytes. */
function predict(rows: readonly LearnedRow[], weights: Float64Array): Prediction[] {
  const { scale, bytes } = quantise(weights)
  return rows.map(({ index, value, label, example }) => {
    const logits = new Float64Array(LABELS)
    const features = { count: index.length, index, value: Float32Array.from(value) }
    logitsOf({ temperature: 1, scale, weights: bytes }, features, logits)
    return { example, label, logits }
  })
}

/** Predicts each hand's requests by weights trained on all the other hands'. */
function leaveOneHandOut(rows: readonly LearnedRow[], settings: Settings): Prediction[] {
  const hands = [...new Set(rows.map(({ example }) => example.hand))]
  return hands.flatMap((hand) => {
    const others = rows.filter(({ example }) => example.hand !== hand)
    const own = rows.filter(({ example }) => example.hand === hand)
    return predict(own, train(others, settings))
  })
}

/** log p at the temperature that fits the predictions best. */
function logProbabilities(predictions: readonly Prediction[]): Float64Array[] {
  const temperature = fitTemperature(predictions)
  return predictions.map((each) =>
    Float64Array.from({ length: LABELS }, (_, label) => -negativeLogLikelihood([{ ...each, label }], temperature)),
  )
}

/** The predictions of all variants for requests of hands that were not trained on. */
export function crossValidate(rows: readonly LearnedRow[], settings: Settings): Record<Variant, Prediction[]> {
  const rules = rows.map(({ example, label, scores }) => ({ example, label, logits: scores }))
  const linear = leaveOneHandOut(rows.map(withoutRules), settings)
  const blend = leaveOneHandOut(rows, settings)
  const byRules = logProbabilities(rules)
  const byWords = logProbabilities(linear)
  const mean = linear.map((each, i) => ({
    ...each,
    logits: Float64Array.from(each.logits, (_, l) => ((byRules[i]?.[l] ?? 0) + (byWords[i]?.[l] ?? 0)) / 2),
  }))
  return { rules, linear, mean, blend }
}
