import { TASK_TYPES, type TaskType } from '../../contract/task-type.ts'
import type { Counts } from './counts.ts'

const clamp = (value: number): number => Math.min(1, Math.max(0, value))
/** 0 at `low` and below, 1 at `high` and above, straight between. */
const ramp = (value: number, low: number, high: number): number => clamp((value - low) / (high - low))

/** How loudly length may speak: people ask for every kind of work in five words, too. */
const LENGTH = 0.25

/** How a text looks, each 0 to 1, and what the rules make of it: points for a label. */
const FEATURES: readonly {
  name: string
  of: (seen: Counts, tokens: number) => number
  /** How much of it the model sees; all when not said. */
  share?: number
  points: Partial<Record<TaskType, number>>
}[] = [
  {
    name: 'code symbols',
    of: (s) => ramp(s.codeSymbols / (s.seen + 40), 0.008, 0.06),
    points: { CODING: 4, SIMPLE: -1 },
  },
  { name: 'code lines', of: (s) => ramp(s.codeLines, 0, 3), points: { CODING: 3 } },
  { name: 'backticks', of: (s) => ramp(s.backticks, 0, 2), points: { CODING: 2 } },
  { name: 'identifiers', of: (s) => ramp(s.identifiers, 0, 3), points: { CODING: 2 } },
  { name: 'a code symbol', of: (s) => ramp(s.codeSymbols, 2, 6), points: {} },
  { name: 'data lines', of: (s) => ramp(s.dataLines, 1, 4), points: { ANALYSIS: 3 } },
  { name: 'a data line', of: (s) => ramp(s.dataLines, 0, 1), points: {} },
  { name: 'three lines', of: (s) => ramp(s.lines, 1, 3), points: { ANALYSIS: 1 } },
  { name: 'ten lines', of: (s) => ramp(s.lines, 3, 10), points: { ANALYSIS: 0.5 } },
  { name: 'lists', of: (s) => ramp(s.listLines, 1, 4), points: {} },
  { name: 'quoted share', of: (s) => ramp(s.quoted / (s.seen + 1), 0, 0.6), points: { WRITING: 2.5, ANALYSIS: 1 } },
  { name: 'quoted', of: (s) => ramp(s.quoted, 0, 100), points: {} },
  { name: 'digits', of: (s) => ramp(s.digits / (s.seen + 40), 0.01, 0.12), points: { ANALYSIS: 1, REASONING: 0.7 } },
  { name: 'numbers', of: (s) => ramp(s.numbers, 2, 12), points: { REASONING: 0.7, ANALYSIS: 0.7 } },
  { name: 'a number', of: (s) => ramp(s.numbers, 0, 2), points: {} },
  { name: 'question', of: (s) => ramp(s.questions, 0, 1), points: { SIMPLE: 0.5, REASONING: 0.3 } },
  { name: 'questions', of: (s) => ramp(s.questions, 1, 3), points: { REASONING: 0.3 } },
  { name: 'ends with a question', of: (s) => s.endsWithQuestion, points: {} },
  { name: 'exclamation', of: (s) => ramp(s.exclamations, 0, 1), points: {} },
  { name: 'up to 2 words', of: (_, t) => 1 - ramp(t, 2, 4), points: { SIMPLE: 1.5 } },
  { name: 'up to 6 words', of: (_, t) => 1 - ramp(t, 5, 8), share: LENGTH, points: { SIMPLE: 0.7 } },
  { name: 'up to 12 words', of: (_, t) => 1 - ramp(t, 10, 15), share: LENGTH, points: { SIMPLE: 0.5 } },
  { name: 'over 20 words', of: (_, t) => ramp(t, 18, 26), share: LENGTH, points: { SIMPLE: -0.5 } },
  { name: 'over 40 words', of: (_, t) => ramp(t, 30, 50), share: LENGTH, points: { SIMPLE: -1 } },
  { name: 'over 80 words', of: (_, t) => ramp(t, 60, 100), share: LENGTH, points: { ANALYSIS: 0.5 } },
  { name: 'over 150 words', of: (_, t) => ramp(t, 100, 200), share: LENGTH, points: {} },
  { name: 'words', of: (_, t) => clamp(Math.log1p(t) / 7), share: LENGTH, points: {} },
  { name: 'sentences', of: (s) => ramp(s.sentences, 1, 6), share: LENGTH, points: {} },
  { name: 'nothing', of: (_, t) => (t === 0 ? 1 : 0), points: { SIMPLE: 4 } },
]

export const STRUCTURE = FEATURES.length

/** Feature × label: the points that the rules give for how a text looks. */
export const structurePoints: Float32Array = Float32Array.from(
  FEATURES.flatMap(({ points }) => TASK_TYPES.map((type) => points[type] ?? 0)),
)

/** How much of each feature the model sees. */
export const structureShare: Float32Array = Float32Array.from(FEATURES, ({ share }) => share ?? 1)

/** Writes the features of how a text looks to `into`, from `offset` on. */
export function structure(counts: Counts, tokens: number, into: Float32Array, offset: number): void {
  for (let i = 0; i < STRUCTURE; i++) into[offset + i] = (FEATURES[i] as (typeof FEATURES)[number]).of(counts, tokens)
}
