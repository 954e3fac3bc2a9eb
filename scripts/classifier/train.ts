import { TASK_TYPES } from '../../src/contract/task-type.ts'
import { FEATURES } from '../../src/routing/classify/features.ts'

const LABELS = TASK_TYPES.length

/** One example as the trainer sees it. */
export interface Row {
  index: Uint16Array
  value: Float64Array
  label: number
}

export interface Settings {
  /** Strength of the pull of every weight towards 0. */
  l2: number
  /** Full steps over all examples. */
  steps: number
  /** Share of the probability that a label's certainty gives away to the others. */
  smoothing: number
}

const BETA1 = 0.9
const BETA2 = 0.999
const RATE = 0.05

/**
 * Multinomial logistic regression with L2, every label weighing the same in all: full steps of Adam from zero, whose
 * rate falls to nothing. Nothing is drawn by chance, so the same rows give the same weights. Feature × label.
 */
export function train(rows: readonly Row[], { l2, steps, smoothing }: Settings): Float64Array {
  const weights = new Float64Array(FEATURES * LABELS)
  const gradient = new Float64Array(weights.length)
  const first = new Float64Array(weights.length)
  const second = new Float64Array(weights.length)
  const used = usedFeatures(rows)
  const count = new Float64Array(LABELS)
  for (const { label } of rows) count[label] = (count[label] as number) + 1
  const share = Array.from(count, (n) => (n === 0 ? 0 : 1 / (LABELS * n)))
  const p = new Float64Array(LABELS)
  for (let step = 1; step <= steps; step++) {
    for (const f of used) for (let l = f * LABELS; l < (f + 1) * LABELS; l++) gradient[l] = l2 * (weights[l] as number)
    for (const { index, value, label } of rows) {
      probabilities(weights, index, value, p)
      const weight = share[label] as number
      for (let l = 0; l < LABELS; l++) {
        const wanted = smoothing / LABELS + (l === label ? 1 - smoothing : 0)
        p[l] = ((p[l] as number) - wanted) * weight
      }
      for (let i = 0; i < index.length; i++) {
        const base = (index[i] as number) * LABELS
        const v = value[i] as number
        for (let l = 0; l < LABELS; l++) gradient[base + l] = (gradient[base + l] as number) + v * (p[l] as number)
      }
    }
    const rate = RATE * (1 - (step - 1) / steps)
    const unbias1 = 1 - BETA1 ** step
    const unbias2 = 1 - BETA2 ** step
    for (const f of used)
      for (let l = f * LABELS; l < (f + 1) * LABELS; l++) {
        const g = gradient[l] as number
        const m = BETA1 * (first[l] as number) + (1 - BETA1) * g
        const v = BETA2 * (second[l] as number) + (1 - BETA2) * g * g
        first[l] = m
        second[l] = v
        weights[l] = (weights[l] as number) - (rate * (m / unbias1)) / (Math.sqrt(v / unbias2) + 1e-8)
      }
  }
  return weights
}

const usedFeatures = (rows: readonly Row[]): number[] => {
  const seen = new Uint8Array(FEATURES)
  for (const { index } of rows) for (const f of index) seen[f] = 1
  return Array.from(seen.keys()).filter((f) => seen[f] === 1)
}

/** The logits of one row. */
export function logits(weights: Float64Array, index: Uint16Array, value: Float64Array, into: Float64Array): void {
  into.fill(0)
  for (let i = 0; i < index.length; i++) {
    const base = (index[i] as number) * LABELS
    const v = value[i] as number
    for (let l = 0; l < LABELS; l++) into[l] = (into[l] as number) + v * (weights[base + l] as number)
  }
}

function probabilities(weights: Float64Array, index: Uint16Array, value: Float64Array, into: Float64Array): void {
  logits(weights, index, value, into)
  let top = Number.NEGATIVE_INFINITY
  for (const each of into) if (each > top) top = each
  let sum = 0
  for (let l = 0; l < LABELS; l++) sum += into[l] = Math.exp((into[l] as number) - top)
  for (let l = 0; l < LABELS; l++) into[l] = (into[l] as number) / sum
}
