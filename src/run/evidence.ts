import type { Outcome } from '../contract/outcome.ts'
import type { Plan, PlanTask } from '../plan/plan.ts'
import type { PromptText } from '../plan/prompt-text.ts'
import { runTask } from './cached-task.ts'
import type { RunContext } from './run-context.ts'
import type { Workshop } from './workshop.ts'

/** Longest wait for evidence, in ms. */
const PATIENCE_MS = 5000

const TAGS = /^<context name="[^"\n]*">\n?|\n?<\/context>$/g

/** The query as its template says, values without the marks that they have in a prompt; else the prompt itself. */
function queryOf(plan: Plan, task: PlanTask, user: PromptText): string {
  const template = task.retrieve?.query ?? null
  if (template === null) return user.toString()
  return template
    .map((segment) => {
      if (segment.kind === 'text') return segment.text
      return segment.kind === 'context' ? (plan.context.get(segment.key) ?? '').replace(TAGS, () => '') : ''
    })
    .join('')
}

/** Runs a task with the evidence that it asks for. Its outcome says what it was given, what it cites, and what was missing. */
export async function runWithEvidence(
  shop: Workshop,
  run: RunContext,
  plan: Plan,
  task: PlanTask,
  user: PromptText,
): Promise<Outcome> {
  const { query: _, ...wish } = task.retrieve as NonNullable<PlanTask['retrieve']>
  const began = performance.now()
  const timeout_ms = task.timeout_ms ?? shop.task_timeout_ms
  const found = await shop.findEvidence(run.claimant.tenant, {
    ...wish,
    query: queryOf(plan, task, user),
    asker: {
      // Of its own: a search is no part of the path that the run was measured by.
      claimant: { tenant: run.claimant.tenant, start: run.t0, path: 0, given: 0 },
      priority: task.priority,
      rank: run.ranks[task.index] ?? 0,
      purse: run.purse,
    },
    deadline: began + Math.min(PATIENCE_MS, timeout_ms / 2),
    cancel: run.cancellation,
  })
  // A task's time covers the search too.
  const left_ms = timeout_ms - (performance.now() - began)
  if (found.block !== '') user.add(`\n\n${found.block}`)
  const outcome = await runTask(shop, run, { ...task, timeout_ms: left_ms }, user)
  const { citations, unknown } = found.cite(outcome.content ?? '')
  const warnings = [...outcome.warnings]
  if (found.warning !== null) warnings.push(`Written without all evidence: ${found.warning}`)
  if (unknown.length > 0) warnings.push(`Cites evidence that it was not given: ${unknown.join(', ')}.`)
  return { ...outcome, citations, warnings }
}
