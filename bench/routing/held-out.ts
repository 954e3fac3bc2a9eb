import { quantise } from '../../scripts/classifier/quantise.ts'
import { type Row, train } from '../../scripts/classifier/train.ts'
import type { Classification } from '../../src/contract/routing.ts'
import { TASK_TYPES, type TaskType } from '../../src/contract/task-type.ts'
import { calibrate } from '../../src/routing/classify/calibrate.ts'
import { complexityOf } from '../../src/routing/classify/complexity.ts'
import { featuresOf } from '../../src/routing/classify/features.ts'
import { logitsOf, type Model } from '../../src/routing/classify/model.ts'
import shipped from '../../src/routing/classify/weights.json' with { type: 'json' }
import type { LabelledTask } from './tasks.ts'

/** As `scripts/train-classifier.ts` trains. */
const SETTINGS = { l2: 0.0002, steps: 100, smoothing: 0.05 }

const rowOf = ({ text, label }: LabelledTask): Row => {
  const { index, value, count } = featuresOf(text)
  return {
    label: TASK_TYPES.indexOf(label),
    index: index.slice(0, count),
    value: Float64Array.from(value.subarray(0, count)),
  }
}

function modelOf(tasks: readonly LabelledTask[]): Model {
  const { scale, bytes } = quantise(train(tasks.map(rowOf), SETTINGS))
  return { temperature: shipped.temperature, scale, weights: bytes }
}

function classifyBy(model: Model, text: string): Classification {
  const features = featuresOf(text)
  const logits = new Float64Array(TASK_TYPES.length)
  const shares = new Float64Array(TASK_TYPES.length)
  logitsOf(model, features, logits)
  calibrate(logits, model.temperature, shares)
  const distribution = Object.fromEntries(TASK_TYPES.map((type, at) => [type, shares[at] as number])) as Record<
    TaskType,
    number
  >
  const type = TASK_TYPES.toSorted((a, b) => distribution[b] - distribution[a])[0] as TaskType
  const { counts } = features.tokens
  const complexity = complexityOf({ ...counts, distribution, limits: features.limits })
  return { type, confidence: distribution[type], distribution, complexity }
}

/**
 * What the classifier says of every task when it was trained on the files of all other hands: the weights that are
 * shipped have seen the labelled set, and would flatter every number made from it.
 */
export function classifyHeldOut(tasks: readonly LabelledTask[]): Map<string, Classification> {
  const said = new Map<string, Classification>()
  for (const hand of new Set(tasks.map((task) => task.hand))) {
    const model = modelOf(tasks.filter((task) => task.hand !== hand))
    for (const { id, text } of tasks.filter((task) => task.hand === hand)) said.set(id, classifyBy(model, text))
  }
  return said
}
