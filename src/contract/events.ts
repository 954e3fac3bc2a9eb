import type { ExecuteResponse } from './result.ts'
import type { RoutingDecision } from './routing.ts'

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
          /** Of agent `auto`: why this model. */
          routing?: Pick<RoutingDecision, 'target_tier' | 'task_type' | 'confidence' | 'reasoning' | 'estimated_cost'>
        }[]
      }
    }
  | { event: 'task.queued'; data: { task_id: string; at_ms: number } }
  | {
      event: 'task.started'
      /** `hedge`: beside a call that is still in flight. */
      data: { task_id: string; attempt: number; model: string; gpu: number; hedge: boolean; at_ms: number }
    }
  | { event: 'task.delta'; data: { task_id: string; attempt: number; delta: string } }
  | { event: 'task.retried'; data: { task_id: string; attempt: number; code: string; discard: boolean; at_ms: number } }
  | {
      event: 'task.succeeded'
      data: { task_id: string; model: string; latency_ms: number; truncated: boolean; at_ms: number }
    }
  /** Whatever its attempts have written is to be dropped. */
  | { event: 'task.failed'; data: { task_id: string; code: string; message: string; discard: true; at_ms: number } }
  /** Also ends a task that was cut while it was at work, because the run ended: code `cancelled`. */
  | {
      event: 'task.skipped'
      data: { task_id: string; code: string; cause: string | null; discard: true; at_ms: number }
    }
  /** The run goes on after a restart or a decision: tasks that were not done begin anew. */
  | { event: 'run.resumed'; data: { run_id: string; tasks_done: number } }
  | { event: 'run.approval_requested'; data: { approval_id: string; task_id: string | null; expires_at: string } }
  | { event: 'run.approval_decided'; data: { approval_id: string; task_id: string | null; status: string } }
  /** The last event of a stream whose run goes on without it: it waits for a human. */
  | { event: 'run.parked'; data: { run_id: string; status: string } }
  | { event: 'run.measuring'; data: { at_ms: number } }
  | { event: 'run.finished'; data: ExecuteResponse | Record<string, unknown> }
