import type { Outcome } from '../contract/outcome.ts'
import type { Plan, PlanTask } from '../plan/plan.ts'

/** Where a plan begins that has been worked on before, and where it has to stop. */
export interface Course {
  /** Outcomes by index of tasks that ended earlier: they are not run again, and nobody is told of them. */
  finished?: ReadonlyMap<number, Outcome>
  /** Whether nothing behind a task that has just succeeded may start yet. @default never */
  holds?: (task: PlanTask) => boolean
  /** Tasks at work or waiting for permits at once. @default as many as the graph allows */
  max_in_flight?: number
}

/** Outcomes by task id as outcomes by index; those of tasks that the plan does not know are left out. */
export const byIndex = (plan: Plan, finished: ReadonlyMap<string, Outcome>): Map<number, Outcome> => {
  const found = new Map<number, Outcome>()
  for (const { index, task_id } of plan.tasks) {
    const outcome = finished.get(task_id)
    if (outcome !== undefined) found.set(index, outcome)
  }
  return found
}

/** How long the run had been worked on when the last of these tasks ended, in ms. */
export function workedMs(outcomes: Iterable<Outcome>): number {
  let last = 0
  for (const { ended_at_ms } of outcomes) last = Math.max(last, ended_at_ms)
  return last
}

/** What tasks that ended earlier have cost, in US dollars. */
export function spentOn(outcomes: Iterable<Outcome>): number {
  let spent = 0
  for (const { cost = 0 } of outcomes) spent += cost
  return spent
}
