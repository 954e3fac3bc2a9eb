import type { RunEvent } from '../contract/events.ts'

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
  /** The model last asked, before that the planned one. */
  model: string
  gpu: number
  dependencies: readonly string[]
  state: TaskState
  /** When the state began, in ms since the start of the run. */
  since_ms: number
  /** The attempt at `model`, counted from 1. */
  attempt: number
  /** The second call, beside the one to `model`, while both are in flight. */
  second: { attempt: number; model: string; gpu: number } | null
  /** Why it failed or was skipped, or why its last attempt was given up. */
  code: string | null
  cause: string | null
}

/** By task id, in plan order. */
export type Trace = ReadonlyMap<string, TaskTrace>

export const emptyTrace: Trace = new Map()

function next(task: TaskTrace, { event, data }: RunEvent): TaskTrace {
  const enter = (state: TaskState, since_ms: number): TaskTrace => ({ ...task, state, since_ms, second: null })
  switch (event) {
    case 'task.queued':
      return enter('waiting', data.at_ms)
    case 'task.started': {
      const { attempt, model, gpu } = data
      if (data.hedge) return { ...task, second: { attempt, model, gpu } }
      return { ...enter('working', data.at_ms), attempt, model, gpu }
    }
    case 'task.retried':
      // Of two calls side by side the other one goes on.
      if (task.second?.attempt === data.attempt) return { ...task, second: null }
      if (task.second !== null) return { ...task, ...task.second, second: null }
      return { ...enter('retrying', data.at_ms), code: data.code }
    case 'task.succeeded':
      return enter('succeeded', data.at_ms)
    case 'task.failed':
      return { ...enter('failed', data.at_ms), code: data.code }
    case 'task.skipped':
      return { ...enter('skipped', data.at_ms), code: data.code, cause: data.cause }
    default:
      return task
  }
}

const isStep = (event: RunEvent): event is Exclude<RunEvent, { event: `run.${string}` | 'task.delta' }> =>
  event.event.startsWith('task.') && event.event !== 'task.delta'

/** The trace with one more event. Events of tasks that the run did not announce change nothing. */
export function follow(trace: Trace, event: RunEvent): Trace {
  if (event.event === 'run.started')
    return new Map(
      event.data.tasks.map(({ task_id, planned_model: model, gpu, dependencies }) => [
        task_id,
        {
          task_id,
          model,
          gpu,
          dependencies,
          state: 'pending',
          since_ms: 0,
          attempt: 0,
          second: null,
          code: null,
          cause: null,
        },
      ]),
    )
  if (!isStep(event)) return trace
  const task = trace.get(event.data.task_id)
  return task === undefined ? trace : new Map(trace).set(task.task_id, next(task, event))
}

/** The trace at the end of its run: what had not ended by itself was cancelled then. */
export function settle(trace: Trace, at_ms: number): Trace {
  const open: readonly TaskState[] = ['pending', 'waiting', 'working', 'retrying']
  return new Map(
    [...trace].map(([id, task]) => [
      id,
      open.includes(task.state) ? { ...task, state: 'cancelled', since_ms: at_ms } : task,
    ]),
  )
}
