import { TASK_TYPES, type TaskType } from '../../contract/task-type.ts'

/** How much thought the kind of work asks for by itself. Set by judgement, not measured. */
const PRIOR: Readonly<Record<TaskType, number>> = {
  SIMPLE: 0.05,
  WRITING: 0.35,
  CREATIVE: 0.4,
  EXPLORATION: 0.45,
  CODING: 0.55,
  ANALYSIS: 0.6,
  RESEARCH: 0.7,
  REASONING: 0.8,
}

const SHARE = { prior: 0.5, demands: 0.25, material: 0.25 }
/** So many sentences, questions and limits fill half of their share; so many characters half of theirs. */
const HALF_DEMANDS = 8
const HALF_CHARS = 2000

export interface Measures {
  /** How likely each kind is; the prior is their mean. */
  distribution: Readonly<Record<TaskType, number>>
  /** Of the whole text, with the material in it. */
  chars: number
  questions: number
  sentences: number
  /** Words that set a limit: must, at most, only, without. */
  limits: number
  listLines: number
}

const filled = (value: number, half: number): number => value / (value + half)

/**
 * How hard a request is, 0 to 1:
 * 0.5 · prior of the kind + 0.25 · d / (d + 8) + 0.25 · c / (c + 2000), where d counts sentences, list lines, questions
 * and limits, less one, and c is the number of characters. More of anything never makes it less.
 */
export function complexityOf({ distribution, chars, questions, sentences, limits, listLines }: Measures): number {
  let prior = 0
  for (const type of TASK_TYPES) prior += PRIOR[type] * distribution[type]
  const demands = Math.max(0, sentences + questions + limits + listLines - 1)
  const sum =
    SHARE.prior * prior + SHARE.demands * filled(demands, HALF_DEMANDS) + SHARE.material * filled(chars, HALF_CHARS)
  return Math.min(1, Math.max(0, sum))
}
