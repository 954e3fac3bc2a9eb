import type { Outcome } from '../contract/outcome.ts'
import { removeDuplicates, type Section } from './dedupe.ts'
import { headingOf, titleLine } from './headings.ts'
import type { GraphView, PlanView, TaskView } from './input.ts'
import { neutralise, trimBlankLines } from './neutral.ts'
import { CUT_AFTER, CUT_BEFORE, incompleteDocument, inputCut, notAvailable, SIMULATED } from './notices.ts'
import { textOf, type Verdict } from './verdict.ts'

export interface WrittenDocument {
  text: string
  /** Paragraphs that a line replaces which says where they stand. */
  duplicates_removed: number
}

/** Per task, the task whose cut answer its own rests on, directly or through others; -1 for none. */
function cutInputs(graph: GraphView, outcomes: readonly Outcome[]): Int32Array {
  const source = new Int32Array(outcomes.length).fill(-1)
  const isCut = (index: number): boolean =>
    outcomes[index]?.truncated === true && outcomes[index].status === 'succeeded'
  for (const index of graph.order)
    for (const dependency of graph.dependencies[index] as readonly number[]) {
      if (source[index] !== -1) break
      source[index] = isCut(dependency) ? dependency : (source[dependency] as number)
    }
  return source
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
  const { layout, tasks, graph } = plan
  const headings = tasks.map((task) => headingOf(layout, task))
  const answers = tasks.map((task, index): Section | null => {
    const text = textOf(outcomes[index] as Outcome)
    const label = headings[index]?.label as string
    return text === null ? null : { agent: task.agent_type, label, text: neutralise(trimBlankLines(text)) }
  })
  const { texts, removed } = removeDuplicates(answers.filter((answer) => answer !== null))
  const source = verdict.cut > 0 ? cutInputs(graph, outcomes) : null

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
    if (answers[index] === null) lines.push(notAvailable(task.task_id, outcome))
    else {
      const cause = source?.[index] ?? -1
      if (cause !== -1) lines.push(inputCut((tasks[cause] as TaskView).task_id))
      if (outcome.truncated) lines.push(CUT_BEFORE)
      lines.push(texts[written++] as string)
      if (outcome.truncated) lines.push(CUT_AFTER)
    }
    blocks.push(lines.join('\n'))
  }
  return { text: blocks.join('\n\n'), duplicates_removed: removed }
}
