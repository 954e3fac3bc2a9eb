import { type Outcome, UNTOUCHED } from '../contract/outcome.ts'
import { TASK_ERRORS } from '../errors.ts'
import type { Plan, PlanTask } from '../plan/plan.ts'
import { renderUser } from '../plan/prompt.ts'
import type { HandedOutput } from '../plan/template.ts'
import { roundMs } from '../results/round.ts'
import { runTask } from './cached-task.ts'
import type { Course } from './course.ts'
import { runWithEvidence } from './evidence.ts'
import type { RunContext, TaskEvent } from './run-context.ts'
import { shield } from './shield.ts'
import type { Workshop } from './workshop.ts'

export interface RunHooks {
  /** Called once per task, in the order in which tasks end. */
  onTaskEnd: (task: PlanTask, outcome: Outcome) => void
  /** A fault while working on a task: it fails as internal_error, the rest goes on. Or of a listener: nothing fails. Throws nothing. */
  onFault: (error: unknown, task: PlanTask) => void
}

/**
 * Runs a plan: a task starts the moment its own dependencies have ended, never waiting for a wave (indegree counting).
 * Resolves with one outcome per task, in plan order, when all have ended; never rejects. What listens may throw: it
 * cannot change how a run ends. Tasks behind one that did not succeed are skipped, or cancelled when the run was;
 * everything independent goes on. Where the course holds it up, it resolves when nothing else is left to do, and tasks
 * behind the hold have no outcome. `max_in_flight` holds back tasks that are ready: with 1 they run one at a time, in
 * topological order.
 */
export function runPlan(
  plan: Plan,
  shop: Workshop,
  watched: RunContext,
  hooks: RunHooks,
  { finished = NONE, holds = never, max_in_flight = Number.POSITIVE_INFINITY }: Course = {},
): Promise<(Outcome | undefined)[]> {
  return new Promise((resolve) => {
    const { graph, tasks } = plan
    const outcomes: (Outcome | undefined)[] = new Array(tasks.length).fill(undefined)
    const open = graph.dependencies.map((list) => list.length)
    const indexOf = new Map(tasks.map((task) => [task.task_id, task.index]))
    const decided = new Uint8Array(tasks.length)
    const held: PlanTask[] = []
    let inFlight = 0
    /** All that could start at once has: before, nothing in flight says nothing. */
    let begun = false
    const { t0, cancellation } = watched
    const emit =
      watched.emit &&
      shield<TaskEvent>(watched.emit, (error, { data }) =>
        hooks.onFault(error, tasks[indexOf.get(data.task_id) as number] as PlanTask),
      )
    const run: RunContext = { ...watched, emit }
    const tellEnd = shield<[PlanTask, Outcome]>(
      ([task, outcome]) => hooks.onTaskEnd(task, outcome),
      (error, [task]) => hooks.onFault(error, task),
    )

    const outputOf = (task_id: string): HandedOutput => {
      const index = indexOf.get(task_id) as number
      const outcome = outcomes[index] as Outcome
      return {
        agent_type: (tasks[index] as PlanTask).agent_type,
        text: outcome.content ?? '',
        truncated: outcome.truncated,
      }
    }

    const start = (task: PlanTask): void => {
      if (inFlight === max_in_flight) held.push(task)
      else {
        inFlight++
        void work(task)
      }
    }

    const work = async (task: PlanTask): Promise<void> => {
      emit?.({ event: 'task.queued', data: { task_id: task.task_id, at_ms: roundMs(performance.now() - t0) } })
      let outcome: Outcome
      try {
        const user = renderUser(plan, task, outputOf)
        outcome =
          task.retrieve === null
            ? await runTask(shop, run, task, user)
            : await runWithEvidence(shop, run, plan, task, user)
      } catch (error) {
        hooks.onFault(error, task)
        outcome = neverRan('failed', 'internal_error', null, t0)
      }
      settle(task.index, outcome)
      // Only now: what became ready by this end goes behind those that are held.
      inFlight--
      const next = held.shift()
      if (next !== undefined) start(next)
      else if (inFlight === 0 && begun) end()
    }

    /** Records an outcome and what follows from it. A list instead of recursion: a skipped chain may be 10,000 deep. */
    const settle = (first: number, firstOutcome: Outcome): void => {
      const ends: [number, Outcome][] = [[first, firstOutcome]]
      for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
        const [index, outcome] = end
        const task = tasks[index] as PlanTask
        if (outcomes[index] === undefined) {
          outcomes[index] = outcome
          tellEnd([task, outcome])
          if (emit) emitEnd(emit, task, outcome)
        }
        if (outcome.status === 'succeeded' && !cancellation.cancelled && holds(task)) continue
        for (const next of graph.dependents[index] ?? []) {
          open[next] = (open[next] as number) - 1
          if (decided[next] === 1 || finished.has(next)) continue
          if (!cancellation.cancelled && outcome.status === 'succeeded' && open[next] !== 0) continue
          decided[next] = 1
          if (cancellation.cancelled)
            ends.push([next, neverRan('cancelled', 'cancelled', null, t0, cancellation.message)])
          else if (outcome.status !== 'succeeded')
            ends.push([next, neverRan('skipped', 'dependency_failed', task.task_id, t0)])
          else start(tasks[next] as PlanTask)
        }
      }
    }

    /** Nothing is left to do. A run that was cancelled while it was held up has no tasks left to wait for. */
    const end = (): void => {
      if (cancellation.cancelled)
        for (const { index } of tasks)
          if (outcomes[index] === undefined)
            settle(index, neverRan('cancelled', 'cancelled', null, t0, cancellation.message))
      resolve(outcomes)
    }

    for (const [index, outcome] of finished) outcomes[index] = outcome
    for (const index of graph.order) {
      const before = finished.get(index)
      if (before !== undefined) settle(index, before)
      else if (graph.dependencies[index]?.length === 0) start(tasks[index] as PlanTask)
    }
    begun = true
    if (inFlight === 0) end()
  })
}

const NONE: ReadonlyMap<number, Outcome> = new Map()
const never = () => false

function neverRan(
  status: Outcome['status'],
  code: keyof typeof TASK_ERRORS,
  cause: string | null,
  t0: number,
  sentence: string = TASK_ERRORS[code],
): Outcome {
  const message = cause === null ? sentence : `Task "${cause}", which this one depends on, did not succeed.`
  return { ...UNTOUCHED, status, error: { code, message }, cause, ended_at_ms: roundMs(performance.now() - t0) }
}

function emitEnd(emit: (event: TaskEvent) => void, task: PlanTask, outcome: Outcome): void {
  const { task_id } = task
  const at_ms = roundMs(outcome.ended_at_ms)
  if (outcome.status === 'succeeded')
    emit({
      event: 'task.succeeded',
      data: {
        task_id,
        model: outcome.model as string,
        latency_ms: roundMs(outcome.latency_ms),
        truncated: outcome.truncated,
        at_ms,
      },
    })
  else if (outcome.status === 'failed')
    emit({
      event: 'task.failed',
      data: {
        task_id,
        code: outcome.error?.code ?? 'internal_error',
        message: outcome.error?.message ?? '',
        discard: true,
        at_ms,
      },
    })
  else
    emit({
      event: 'task.skipped',
      data: { task_id, code: outcome.error?.code ?? 'cancelled', cause: outcome.cause, discard: true, at_ms },
    })
}
