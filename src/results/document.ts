import type { Outcome } from '../contract/outcome.ts'
import { cutInputs } from './cut-inputs.ts'
import { removeDuplicates, type Section } from './dedupe.ts'
import { headingOf, titleLine } from './headings.ts'
import type { PlanView } from './input.ts'
import { neutralise, trimBlankLines } from './neutral.ts'
import {
  CUT_AFTER,
  CUT_BEFORE,
  fallbackOf,
  incompleteDocument,
  inputCut,
  notAvailable,
  REPLACED,
  SIMULATED,
} from './notices.ts'
import { textOf, type Verdict } from './verdict.ts'

export interface WrittenDocument {
  text: string
  /** Paragraphs that a line replaces which says where they stand. */
  duplicates_removed: number
}

/**
 * Writes one document: title, notices about the whole, then every task's section in plan order, each with its text or
 * with a notice why there is none. Bracketed lines are the service's; a model's line that looks like one, or like a
 * heading, is quoted with `> `.
 */
export function writeDocument(
  plan: Pick<PlanView, 'layout' | 'tasks' | 'graph'>,
  outcomes: readonly Outcome[],
  verdict: Verdict,
): WrittenDocument {
  const { layout, tasks } = plan
  const headings = tasks.map((task) => headingOf(layout, task))
  const answers = tasks.map((task, index): Section | null => {
    const text = textOf(outcomes[index] as Outcome)
    const label = headings[index]?.label as string
    return text === null ? null : { agent: task.agent_type, label, text: neutralise(trimBlankLines(text)) }
  })
  const { texts, removed } = removeDuplicates(answers.filter((answer) => answer !== null))
  const source = verdict.cut > 0 ? cutInputs(plan, outcomes) : null

  const incomplete = incompleteDocument(verdict)
  const head = [titleLine(layout.title)]
  if (verdict.simulated) head.push(SIMULATED)
  if (incomplete) head.push(incomplete)
  const blocks = [head.join('\n')]
  let written = 0
  for (const [index, task] of tasks.entries()) {
    const outcome = outcomes[index] as Outcome
    const lines: string[] = []
    const heading = headings[index]?.line
    if (heading) lines.push(heading)
    if (answers[index] === null) lines.push(notAvailable(task.task_id, outcome, verdict))
    else {
      const replaced = fallbackOf(task.planned_model, outcome)
      if (replaced !== null) lines.push(replaced)
      const cause = source?.[index] ?? null
      if (cause !== null) lines.push(inputCut(cause))
      const text = texts[written++] as string
      if (text.includes('\uFFFD')) lines.push(REPLACED)
      if (outcome.truncated) lines.push(CUT_BEFORE)
      lines.push(text)
      if (outcome.truncated) lines.push(CUT_AFTER)
    }
    blocks.push(lines.join('\n'))
  }
  return { text: blocks.join('\n\n'), duplicates_removed: removed }
}
