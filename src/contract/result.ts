import { z } from 'zod'
import { Citation } from './citation.ts'
import { RoutingDecision } from './routing.ts'
import { RunStatus, TaskStatus } from './status.ts'
import { Timeline } from './timeline.ts'

const ms = z.number().describe('Milliseconds, to the microsecond')

export const Attempt = z.object({
  model: z.string(),
  url: z.string(),
  outcome: z.string().describe('ok, or a task error code'),
  latency_ms: ms,
  hedge: z.boolean().describe('A second call beside one that was still in flight'),
})

export const TaskError = z.object({
  code: z.string(),
  message: z.string(),
  free_at: z.string().optional().describe('Of budget_exceeded: when the account that lacked it is free again'),
})

export const TaskResult = z.object({
  task_id: z.string(),
  agent_type: z.string(),
  model: z
    .string()
    .nullable()
    .describe('The model that answered (of a failed task: the last asked), null when none was asked'),
  planned_model: z.string().describe('Where the roster pins the agent, or what the task names, or what was chosen'),
  routing: RoutingDecision.optional().describe('Of agent `auto`: why this model'),
  status: TaskStatus,
  success: z.boolean(),
  content: z.string().nullable(),
  latency_ms: ms.describe('From sending the accepted attempt to its last byte; of a failed task its last attempt'),
  queue_ms: ms.describe('All waiting for permits'),
  retry_ms: ms.describe('Failed attempts and back-off before the accepted one'),
  started_at_ms: ms
    .nullable()
    .describe('When its first attempt was sent, since the start of the run. Null when none was'),
  error: TaskError.nullable(),
  tokens: z.int().nullable().describe('Completion tokens as the server reports them, never estimated'),
  prompt_tokens: z.int().nullable(),
  finish_reason: z.string().nullable(),
  truncated: z.boolean(),
  priority: z.int().describe('The effective one: the higher of the task’s and the request’s'),
  dependencies: z.array(z.string()),
  gpu: z.int().nullable(),
  backend: z.string().nullable().describe('Base URL of the server that answered'),
  warnings: z.array(z.string()),
  fallback_reason: z
    .string()
    .optional()
    .describe('Why another model answered than the planned one; left out where none did'),
  attempts: z.array(Attempt),
  cost: z.number().optional().describe('US dollars of all its calls, by the prices of the roster'),
  citations: z.array(Citation).optional().describe('With `retrieve` only: the passages that it was given'),
  cached: z.boolean().optional().describe('No model was asked: the same was answered before'),
})

export const ErrorEntry = z.object({
  task_id: z.string(),
  code: z.string(),
  message: z.string(),
  cause: z.string().nullable().describe('The task_id of the dependency that did not succeed'),
})

export const Measured = z.object({
  sequential_time_ms: ms.nullable().describe('Sum of `latency_ms` of the tasks when they ran one at a time'),
  speedup_factor: z.number().nullable().describe('That time over `total_latency_ms`'),
  complete: z.boolean().describe('False when there is no such measure; `reason` says why'),
  reason: z
    .enum(['run_not_whole', 'pass_not_whole', 'run_timeout', 'cancelled'])
    .nullable()
    .describe(
      'run_not_whole: a task of the run gave no whole answer, so the plan was not run again; pass_not_whole: one did not when it ran alone; run_timeout, cancelled: the run ended before',
    ),
})

export const RunMetadata = z.object({
  num_tasks: z.int(),
  sequential_time_ms: ms.describe('Sum of `latency_ms` of the tasks that succeeded, as they ran beside each other'),
  speedup_factor: z.number(),
  ideal_speedup: z.number(),
  critical_path_ms: ms.describe('The longest dependency path by `latency_ms` of tasks that succeeded'),
  critical_path: z.array(z.string()),
  queue_time_ms: ms.describe('On the critical path'),
  retry_time_ms: ms.describe('On the critical path'),
  overhead_ms: ms.describe(
    'Wall time less critical path, queueing and retrying on it; also holds what other paths waited and retried beyond it',
  ),
  slowest_path_ms: ms.describe(
    'The longest dependency path by all that its tasks waited, retried and worked, whatever became of them: it decided the wall time',
  ),
  slowest_path: z.array(z.string()),
  service_ms: ms.describe('What Consilium itself cost: wall time less the slowest path'),
  lanes_used: z.int(),
  agents: z.array(z.string()),
  simulated: z.boolean(),
  duplicates_removed: z.int(),
  errors: z.array(ErrorEntry),
  cost: z.number().optional().describe('US dollars of all tasks, by the prices of the roster'),
  measured: Measured.optional().describe('With `measure` only'),
})

export const ExecuteResponse = z.object({
  run_id: z.string(),
  workflow_type: z.string(),
  status: RunStatus,
  success: z.boolean(),
  aggregated_content: z.string(),
  total_latency_ms: ms,
  parallel_efficiency: z.number(),
  metadata: RunMetadata,
  results: z.array(TaskResult),
  timeline: Timeline.optional().describe('With `?timeline=true` only'),
})

export type Attempt = z.output<typeof Attempt>
export type TaskError = z.output<typeof TaskError>
export type TaskResult = z.output<typeof TaskResult>
export type ErrorEntry = z.output<typeof ErrorEntry>
export type { TaskStatus }
export type Measured = z.output<typeof Measured>
export type RunMetadata = z.output<typeof RunMetadata>
export type ExecuteResponse = z.output<typeof ExecuteResponse>
