import type { RunEvent } from '../contract/events.ts'

/** What a stretch of a task's time was spent on. `retrying`: attempts that failed and the pauses after them. */
export type SpanKind = 'waiting' | 'retrying' | 'working'

/** In ms since the start of the run. */
export interface Span {
  kind: SpanKind
  from: number
  to: number
}

export type TaskState =
  | 'pending'
  | 'waiting'
  | 'working'
  | 'retrying'
  | 'succeeded'
  | 'failed'
  | 'skipped'
  | 'cancelled'

/** One task as its events tell it. */
export interface TaskTrace {
  task_id: string
  agent_type: string
  /** The model last asked, before that the planned one. */
  model: string
  gpu: number
  dependencies: readonly string[]
  state: TaskState
  /** When the state began, in ms since the start of the run. */
  since_ms: number
  /** Attempts made so far. */
  attempts: number
  /** Of the accepted attempt, as the service measured it; null until there is one. */
  latency_ms: number | null
  /** Why it failed or was skipped. */
  code: string | null
  cause: string | null
  spans: readonly Span[]
}

/** By task id, in plan order. */
export type Trace = ReadonlyMap<string, TaskTrace>

export const emptyTrace: Trace = new Map()

const SPENT: Partial<Record<TaskState, SpanKind>> = { waiting: 'waiting', working: 'working', retrying: 'retrying' }

/** Enters a state at a time and closes the span of the one before; `spent` says what that span turned out to be. */
function enter(task: TaskTrace, state: TaskState, at_ms: number, spent = SPENT[task.state]): TaskTrace {
  const span = spent === undefined || at_ms <= task.since_ms ? [] : [{ kind: spent, from: task.since_ms, to: at_ms }]
  return { ...task, state, since_ms: at_ms, spans: [...task.spans, ...span] }
}

/** An attempt in flight that comes to nothing was no work. */
const withoutWork = (task: TaskTrace): SpanKind | undefined =>
  task.state === 'working' ? 'retrying' : SPENT[task.state]

function next(task: TaskTrace, { event, data }: RunEvent): TaskTrace {
  switch (event) {
    case 'task.queued':
      return enter(task, 'waiting', data.at_ms)
    case 'task.started':
      return {
        ...enter(task, 'working', data.at_ms),
        attempts: data.attempt,
        model: data.model,
        gpu: data.gpu,
      }
    case 'task.retried':
      return enter(task, 'retrying', data.at_ms, withoutWork(task))
    case 'task.succeeded':
      return { ...enter(task, 'succeeded', data.at_ms), latency_ms: data.latency_ms }
    case 'task.failed':
      return { ...enter(task, 'failed', data.at_ms, withoutWork(task)), code: data.code }
    case 'task.skipped':
      return { ...enter(task, 'skipped', data.at_ms), code: data.code, cause: data.cause }
    default:
      return task
  }
}

/** The trace with one more event. Events of tasks that the run did not announce change nothing. */
export function follow(trace: Trace, event: RunEvent): Trace {
  if (event.event === 'run.started')
    return new Map(
      event.data.tasks.map(({ task_id, agent_type, planned_model, gpu, dependencies }) => [
        task_id,
        {
          task_id,
          agent_type,
          model: planned_model,
          gpu,
          dependencies,
          state: 'pending',
          since_ms: 0,
          attempts: 0,
          latency_ms: null,
          code: null,
          cause: null,
          spans: [],
        },
      ]),
    )
  if (event.event === 'run.finished' || event.event === 'task.delta') return trace
  const task = trace.get(event.data.task_id)
  return task === undefined ? trace : new Map(trace).set(task.task_id, next(task, event))
}

/** The trace at the end of its run: what had not ended by itself was cancelled then. */
export function settle(trace: Trace, at_ms: number): Trace {
  const open: readonly TaskState[] = ['pending', 'waiting', 'working', 'retrying']
  return new Map(
    [...trace].map(([id, task]) => [
      id,
      open.includes(task.state) ? enter(task, 'cancelled', at_ms, withoutWork(task)) : task,
    ]),
  )
}
