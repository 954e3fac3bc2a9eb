import type { ExecuteResponse } from './result.ts'

/** What a run tells while it goes on. Over HTTP each is one server-sent event with an id counted from 1. */
export type RunEvent =
  | {
      event: 'run.started'
      data: {
        run_id: string
        workflow_type: string
        tasks: {
          task_id: string
          agent_type: string
          planned_model: string
          gpu: number
          dependencies: readonly string[]
        }[]
      }
    }
  | { event: 'task.queued'; data: { task_id: string; at_ms: number } }
  | { event: 'task.started'; data: { task_id: string; attempt: number; model: string; gpu: number; at_ms: number } }
  | { event: 'task.delta'; data: { task_id: string; attempt: number; delta: string } }
  | { event: 'task.retried'; data: { task_id: string; attempt: number; code: string; discard: boolean; at_ms: number } }
  | {
      event: 'task.succeeded'
      data: { task_id: string; model: string; latency_ms: number; truncated: boolean; at_ms: number }
    }
  | { event: 'task.failed'; data: { task_id: string; code: string; message: string; at_ms: number } }
  | { event: 'task.skipped'; data: { task_id: string; code: string; cause: string | null; at_ms: number } }
  | { event: 'run.finished'; data: ExecuteResponse | Record<string, unknown> }

export type RunEventName = RunEvent['event']
