import type { Plan, PlanTask } from './plan.ts'
import { EscapedOnce, escapeJson, PromptText } from './prompt-text.ts'
import { type HandedOutput, outputBlock, type Segment } from './template.ts'

const segments = new EscapedOnce<Segment>()

/** Context blocks are escaped once per run, however many tasks read them. */
const contextOfRuns = new WeakMap<Plan, Map<string, string>>()

function addContext(prompt: PromptText, plan: Plan, key: string): void {
  const text = plan.context.get(key) ?? ''
  let known = contextOfRuns.get(plan)
  if (known === undefined) {
    known = new Map()
    contextOfRuns.set(plan, known)
  }
  let escaped = known.get(key)
  if (escaped === undefined) {
    escaped = escapeJson(text)
    known.set(key, escaped)
  }
  prompt.add(text, escaped)
}

/**
 * The user message of a task, rendered in one pass: what values hold is never read as a template again.
 * Outputs of dependencies that the prompt does not place itself follow at the end, labelled; so does context that no
 * prompt of the workflow names. `outputOf` is asked for dependencies only, which have all succeeded by then.
 */
export function renderUser(plan: Plan, task: PlanTask, outputOf: (task_id: string) => HandedOutput): PromptText {
  const prompt = new PromptText()
  const placed = new Set<string>()
  for (const segment of task.template) {
    if (segment.kind === 'text') prompt.add(segment.text, segments.of(segment, segment.text))
    else if (segment.kind === 'context') addContext(prompt, plan, segment.key)
    else {
      placed.add(segment.task_id)
      prompt.add(outputBlock(segment.task_id, outputOf(segment.task_id)))
    }
  }
  if (plan.further_context.length > 0) {
    prompt.add('\n\nFurther context:')
    for (const key of plan.further_context) {
      prompt.add('\n')
      addContext(prompt, plan, key)
    }
  }
  const rest = task.dependencies.filter((task_id) => !placed.has(task_id))
  if (rest.length > 0) {
    prompt.add('\n\nResults of earlier tasks:')
    for (const task_id of rest) prompt.add(`\n${outputBlock(task_id, outputOf(task_id))}`)
  }
  return prompt
}
