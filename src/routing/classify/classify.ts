import { TASK_TYPES, type TaskType } from '../../contract/task-type.ts'
import { calibrate } from './calibrate.ts'
import { complexityOf } from './complexity.ts'
import { featuresOf } from './features.ts'
import { logitsOf, unpack } from './model.ts'
import weights from './weights.json' with { type: 'json' }

export interface Classification {
  /** The likeliest kind. */
  type: TaskType
  /** Its probability, calibrated: of all answers given with 0.8, about 8 in 10 are right. */
  confidence: number
  /** The probability of every kind; together 1. */
  distribution: Record<TaskType, number>
  /** How hard the request is, 0 to 1; a formula, see `complexity.ts`. */
  complexity: number
}

const model = unpack(weights)
const logits = new Float64Array(TASK_TYPES.length)
const probabilities = new Float64Array(TASK_TYPES.length)

/**
 * Says what kind of work a request is. The same text always gets the same answer; nothing is read or kept. Takes any
 * string and never throws; of a long one only the first 3,000 and the last 1,000 characters are looked at.
 */
export function classify(text: string): Classification {
  const features = featuresOf(text)
  logitsOf(model, features, logits)
  calibrate(logits, model.temperature, probabilities)
  let best = 0
  const distribution = {} as Record<TaskType, number>
  for (let label = 0; label < TASK_TYPES.length; label++) {
    const probability = probabilities[label] as number
    distribution[TASK_TYPES[label] as TaskType] = probability
    if (probability > (probabilities[best] as number)) best = label
  }
  const type = TASK_TYPES[best] as TaskType
  const { counts } = features.tokens
  const complexity = complexityOf({
    distribution,
    chars: counts.chars,
    questions: counts.questions,
    sentences: counts.sentences,
    limits: features.limits,
    listLines: counts.listLines,
  })
  return { type, confidence: distribution[type], distribution, complexity }
}
