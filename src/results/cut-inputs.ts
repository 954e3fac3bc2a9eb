import type { Outcome } from '../contract/outcome.ts'
import type { PlanView } from './input.ts'

/** Per task, the task_id whose cut answer its own answer rests on, directly or through others; null for none. O(edges). */
export function cutInputs(
  { tasks, graph }: Pick<PlanView, 'tasks' | 'graph'>,
  outcomes: readonly Outcome[],
): (string | null)[] {
  const source: (string | null)[] = new Array(outcomes.length).fill(null)
  for (const index of graph.order)
    for (const dependency of graph.dependencies[index] ?? []) {
      const { status, truncated } = outcomes[dependency] as Outcome
      const cut = truncated && status === 'succeeded'
      source[index] ??= cut ? (tasks[dependency]?.task_id ?? null) : (source[dependency] ?? null)
    }
  return source
}

/** The warning in the result of a task whose input was cut. */
export const cutInputWarning = (task_id: string): string =>
  `This answer rests on the answer of task "${task_id}", which was cut by the token limit.`
