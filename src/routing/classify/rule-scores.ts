import { TASK_TYPES } from '../../contract/task-type.ts'
import { rules } from './lexicon.ts'
import type { Matches } from './match.ts'
import { STRUCTURE, structurePoints } from './structure.ts'

const LABELS = TASK_TYPES.length
/** Of every rule but the weightiest of a label, so much counts. */
const FADING = 0.7

/** The points of every label: its rules that matched, the weightiest in full, and how the text looks. */
export function ruleScores(matches: Matches, looks: ArrayLike<number>, from: number, into: Float32Array): void {
  best.fill(0)
  into.fill(0)
  for (let r = 0; r < rules.length; r++) {
    if (matches.rule[r] === 0) continue
    const { label, weight } = rules[r] as (typeof rules)[number]
    into[label] = (into[label] as number) + FADING * weight
    if (weight > (best[label] as number)) best[label] = weight
  }
  for (let l = 0; l < LABELS; l++) into[l] = (into[l] as number) + (1 - FADING) * (best[l] as number)
  for (let s = 0; s < STRUCTURE; s++) {
    const value = looks[from + s] as number
    if (value === 0) continue
    for (let l = 0; l < LABELS; l++) into[l] = (into[l] as number) + value * (structurePoints[s * LABELS + l] as number)
  }
}

const best = new Float32Array(LABELS)
