import type { Classification } from '../../contract/routing.ts'
import type { TaskType } from '../../contract/task-type.ts'

/** From here on a task is worth a step of thinking before its answer. */
const HARD = 0.6

const SEARCHES: readonly TaskType[] = ['RESEARCH', 'EXPLORATION']
const THINKS: readonly TaskType[] = ['REASONING', 'ANALYSIS', 'CODING']

/** The tools that a task would use in this order, of those that there are; `answer` is always the last. */
export function planTools({ type, complexity }: Classification, available: readonly string[]): string[] {
  const wanted = [
    ...(SEARCHES.includes(type) ? ['search'] : []),
    ...(THINKS.includes(type) && complexity >= HARD ? ['enhance_reasoning'] : []),
  ]
  return [...wanted.filter((tool) => available.includes(tool)), 'answer']
}
