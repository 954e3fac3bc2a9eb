import { TASK_TYPES } from '../../contract/task-type.ts'
import { FEATURES, type Features } from './features.ts'

const LABELS = TASK_TYPES.length

/** What `weights.json` holds. */
export interface WeightsFile {
  /** SHA-256 of the labelled files and of their features; a test compares them with what is there now. */
  sources: { data: string; features: string }
  temperature: number
  /** Per label: what one step of its weights is worth. */
  scale: readonly number[]
  /** Feature × label, one signed byte each, in base64. */
  weights: string
}

export interface Model {
  readonly temperature: number
  readonly scale: readonly number[]
  readonly weights: Int8Array
}

/** Unpacks the weights. Throws when they were made for other rules than the ones that are here. */
export function unpack({ temperature, scale, weights }: WeightsFile): Model {
  const bytes = Buffer.from(weights, 'base64')
  if (bytes.length !== FEATURES * LABELS || scale.length !== LABELS)
    throw new Error(
      `Cannot use weights.json: it has ${bytes.length} weights, the rules need ${FEATURES * LABELS}; ` +
        'run node scripts/train-classifier.ts',
    )
  return { temperature, scale, weights: new Int8Array(bytes) }
}

/** The logits of a text's features: a sum of weights per label. */
export function logitsOf(
  { weights, scale }: Model,
  { count, index, value }: Pick<Features, 'count' | 'index' | 'value'>,
  into: Float64Array,
): void {
  into.fill(0)
  for (let i = 0; i < count; i++) {
    const base = (index[i] as number) * LABELS
    const v = value[i] as number
    for (let l = 0; l < LABELS; l++) into[l] = (into[l] as number) + v * (weights[base + l] as number)
  }
  for (let l = 0; l < LABELS; l++) into[l] = (into[l] as number) * (scale[l] as number)
}
