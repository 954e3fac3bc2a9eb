import type { Plan, PlanTask } from './plan.ts'
import { type HandedOutput, outputBlock } from './template.ts'

/**
 * The user message of a task, rendered in one pass: what values hold is never read as a template again.
 * Outputs of dependencies that the prompt does not place itself follow at the end, labelled; so does context that no
 * prompt of the workflow names. `outputOf` is asked for dependencies only, which have all succeeded by then.
 */
export function renderUser(plan: Plan, task: PlanTask, outputOf: (task_id: string) => HandedOutput): string {
  let text = ''
  const placed = new Set<string>()
  for (const segment of task.template) {
    if (segment.kind === 'text') text += segment.text
    else if (segment.kind === 'context') text += plan.context.get(segment.key) ?? ''
    else {
      placed.add(segment.task_id)
      text += outputBlock(segment.task_id, outputOf(segment.task_id))
    }
  }
  if (plan.further_context.length > 0) {
    text += '\n\nFurther context:'
    for (const key of plan.further_context) text += `\n${plan.context.get(key) ?? ''}`
  }
  const rest = task.dependencies.filter((task_id) => !placed.has(task_id))
  if (rest.length > 0) {
    text += '\n\nResults of earlier tasks:'
    for (const task_id of rest) text += `\n${outputBlock(task_id, outputOf(task_id))}`
  }
  return text
}
