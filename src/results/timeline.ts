import type { Outcome } from '../contract/outcome.ts'
import type { Timeline, TimelineSpan } from '../contract/timeline.ts'
import type { PlanView, TaskView } from './input.ts'
import { roundMs } from './round.ts'
import { spansOf } from './spans.ts'

/** When a task could begin: its last dependency had succeeded. Null when that never came. */
function readyAt(dependencies: readonly number[], outcomes: readonly Outcome[]): number | null {
  let ready = 0
  for (const index of dependencies) {
    const { status, ended_at_ms } = outcomes[index] as Outcome
    if (status !== 'succeeded') return null
    ready = Math.max(ready, ended_at_ms)
  }
  return ready
}

/** How long at least one of these calls was in flight, and how many there were at most. Those that end make room first. */
function loadOf(calls: readonly TimelineSpan[]): { busy_ms: number; peak: number } {
  const edges = calls.flatMap(({ from_ms, to_ms }) => [
    { at: from_ms, step: 1 },
    { at: to_ms, step: -1 },
  ])
  edges.sort((a, b) => a.at - b.at || a.step - b.step)
  let [busy_ms, peak, flying, since] = [0, 0, 0, 0]
  for (const { at, step } of edges) {
    if (flying > 0) busy_ms += at - since
    flying += step
    peak = Math.max(peak, flying)
    since = at
  }
  return { busy_ms: roundMs(busy_ms), peak }
}

/**
 * A run as a chart: per task when it waited, worked and paused, and where; per GPU how long this run kept it busy. All
 * times in ms since the start of the run, to 3 decimals.
 */
export function timelineOf(
  { tasks, graph }: Pick<PlanView, 'tasks' | 'graph'>,
  outcomes: readonly Outcome[],
  total_ms: number,
): Timeline {
  const gpus = new Map<number, TimelineSpan[]>()
  const lanes = tasks.map((task: TaskView, index) => {
    const outcome = outcomes[index] as Outcome
    const ready = readyAt(graph.dependencies[index] as readonly number[], outcomes)
    const spans = ready === null ? [] : spansOf(task, outcome, ready)
    for (const span of spans)
      if (span.sent && span.gpu !== null) {
        const calls = gpus.get(span.gpu)
        if (calls) calls.push(span)
        else gpus.set(span.gpu, [span])
      }
    return {
      task_id: task.task_id,
      agent_type: task.agent_type,
      status: outcome.status,
      ready_at_ms: ready === null ? null : roundMs(ready),
      ended_at_ms: roundMs(outcome.ended_at_ms),
      spans,
    }
  })
  return {
    total_ms: roundMs(total_ms),
    tasks: lanes,
    gpus: [...gpus].sort(([a], [b]) => a - b).map(([id, calls]) => ({ id, ...loadOf(calls) })),
  }
}
