import { TASK_TYPES } from '../../src/contract/task-type.ts'

const LABELS = TASK_TYPES.length
const LARGEST = 127

/** Weights as signed bytes, with one scale per label. */
export function quantise(weights: Float64Array): { scale: number[]; bytes: Int8Array } {
  const largest = new Float64Array(LABELS)
  for (const [i, weight] of weights.entries())
    largest[i % LABELS] = Math.max(largest[i % LABELS] as number, Math.abs(weight))
  const scale = Array.from(largest, (each) => Number((each / LARGEST || 1).toPrecision(6)))
  const bytes = Int8Array.from(weights, (weight, i) => {
    const steps = Math.round(weight / (scale[i % LABELS] as number))
    return Math.max(-LARGEST, Math.min(LARGEST, steps))
  })
  return { scale, bytes }
}
