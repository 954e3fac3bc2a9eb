import type { Outcome } from '../contract/outcome.ts'
import type { ErrorEntry, ExecuteResponse, Measured, TaskResult } from '../contract/result.ts'
import { cutInputs, cutInputWarning } from './cut-inputs.ts'
import { writeDocument } from './document.ts'
import type { PlanView, TaskView } from './input.ts'
import { fallbackWarning } from './notices.ts'
import { roundMs } from './round.ts'
import { timelineOf } from './timeline.ts'
import { measure } from './timing.ts'
import { errorOf, isWhole, judge } from './verdict.ts'

export interface Finished {
  run_id: string
  plan: PlanView
  /** In plan order, one for each task. */
  outcomes: readonly Outcome[]
  /** Wall time of the run in ms. */
  total_ms: number
  cancelled: boolean
  /** What the plan took one task at a time. @default null, nobody asked */
  measured?: Measured | null
  /** Whether the answer shall hold the timeline. @default false */
  timeline?: boolean
}

/** Of the answer as it came about; those of its text come before. */
function warningsOf(outcome: Outcome, cut: string | null, fallback: string | null): string[] {
  const warnings = [...outcome.warnings]
  if (cut !== null && outcome.status === 'succeeded') warnings.push(cutInputWarning(cut))
  if (fallback !== null) warnings.push(fallback)
  return warnings
}

const resultOf = (
  task: TaskView,
  outcome: Outcome,
  cut: string | null,
  fallback = fallbackWarning(task.planned_model, outcome),
): TaskResult => ({
  task_id: task.task_id,
  agent_type: task.agent_type,
  model: outcome.model,
  planned_model: task.planned_model,
  ...(task.routing && { routing: task.routing }),
  status: outcome.status,
  success: outcome.status === 'succeeded',
  content: outcome.content,
  latency_ms: roundMs(outcome.latency_ms),
  queue_ms: roundMs(outcome.queue_ms),
  retry_ms: roundMs(outcome.retry_ms),
  started_at_ms: outcome.started_at_ms === null ? null : roundMs(outcome.started_at_ms),
  error: outcome.status === 'succeeded' ? outcome.error : errorOf(outcome),
  tokens: outcome.tokens,
  prompt_tokens: outcome.prompt_tokens,
  finish_reason: outcome.finish_reason,
  truncated: outcome.truncated,
  priority: task.priority,
  dependencies: [...task.dependencies],
  gpu: outcome.gpu,
  backend: outcome.backend,
  warnings: warningsOf(outcome, cut, fallback),
  ...(fallback !== null && { fallback_reason: fallback }),
  attempts: outcome.attempts.map((attempt) => ({
    model: attempt.model,
    url: attempt.url,
    outcome: attempt.outcome,
    latency_ms: roundMs(attempt.latency_ms),
    hedge: attempt.hedge,
  })),
  cost: outcome.cost ?? 0,
  cached: outcome.cached ?? false,
  ...(outcome.citations && { citations: [...outcome.citations] }),
})

/** As its model was chosen then; it might be another one now. */
const asDecided = (task: TaskView, { routing }: Outcome): TaskView =>
  routing === undefined ? task : { ...task, routing, planned_model: routing.target_model }

/** Results in plan order of the tasks that have an outcome, while others have none. */
export function resultsSoFar(tasks: readonly TaskView[], outcomes: ReadonlyMap<string, Outcome>): TaskResult[] {
  return tasks.flatMap((task) => {
    const outcome = outcomes.get(task.task_id)
    return outcome === undefined ? [] : [resultOf(asDecided(task, outcome), outcome, null)]
  })
}

function errorsOf(tasks: readonly TaskView[], outcomes: readonly Outcome[]): ErrorEntry[] {
  const entries: ErrorEntry[] = []
  for (const [index, outcome] of outcomes.entries()) {
    if (isWhole(outcome)) continue
    const { code, message } = errorOf(outcome)
    entries.push({ task_id: (tasks[index] as TaskView).task_id, code, message, cause: outcome.cause })
  }
  return entries
}

/**
 * Turns what became of a plan's tasks into the answer of the run: the document, the measured facts and every task's
 * result in plan order, its content as the model wrote it. Durations in ms to 3 decimals, ratios to 4.
 * Throws only when there is not exactly one outcome for each task: a fault of the service.
 */
export function assemble(finished: Finished): ExecuteResponse {
  const { run_id, plan, outcomes, total_ms, cancelled, measured = null, timeline = false } = finished
  const { tasks } = plan
  if (outcomes.length !== tasks.length)
    throw new Error(`Cannot assemble a plan of ${tasks.length} tasks from ${outcomes.length} outcomes`)
  const verdict = judge(outcomes, cancelled)
  const cut = verdict.cut > 0 ? cutInputs(plan, outcomes) : null
  const { text, duplicates_removed } = writeDocument(plan, outcomes, verdict)
  const { total_latency_ms, parallel_efficiency, ...timing } = measure(plan, outcomes, total_ms)
  return {
    run_id,
    workflow_type: plan.workflow_type,
    status: verdict.status,
    success: verdict.status === 'succeeded',
    aggregated_content: text,
    total_latency_ms,
    parallel_efficiency,
    metadata: {
      num_tasks: tasks.length,
      ...timing,
      lanes_used: plan.lanes_used,
      agents: [...plan.agents],
      simulated: verdict.simulated,
      duplicates_removed,
      errors: errorsOf(tasks, outcomes),
      cost: outcomes.reduce((sum, { cost = 0 }) => sum + cost, 0),
      ...(measured && { measured }),
    },
    results: tasks.map((task, index) => resultOf(task, outcomes[index] as Outcome, cut?.[index] ?? null)),
    ...(timeline && { timeline: timelineOf(plan, outcomes, total_ms) }),
  }
}
