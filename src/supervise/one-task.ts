import type { ChatMessage } from '../contract/chat.ts'
import type { CustomTask, ExecuteRequest } from '../contract/execute.ts'
import type { TaskResult } from '../contract/result.ts'
import type { ExecuteOptions } from '../contract/service.ts'
import { Problem } from '../errors.ts'
import type { Execute } from './port.ts'

/** What a turn leaves to say about its task. */
export type TaskWish = Partial<CustomTask> & Pick<CustomTask, 'max_tokens' | 'temperature'>

export interface Bounds {
  timeout_ms: number
  max_cost: number
}

/** How one model call ended, whatever became of it. */
export interface Done {
  /** Null: no run was started. */
  run_id: string | null
  /** Null when there is no text. */
  result: (TaskResult & { content: string }) | null
  /** `ok`, or the code of a task or of a refusal. */
  outcome: string
  /** The run's own time was over. */
  timed_out: boolean
  simulated: boolean
  cost: number
  latency_ms: number
  /** The refusal itself; null when the run was let in. */
  problem: Problem | null
}

/** A run of one task: a turn of the orchestrator, a tool, or the router's choice. */
function requestOf(messages: ChatMessage[], task: TaskWish, { timeout_ms, max_cost }: Bounds): ExecuteRequest {
  const only: CustomTask = { task_id: 'answer', agent_type: 'auto', priority: 0, dependencies: [], ...task, messages }
  const timeout = Math.max(1, Math.floor(timeout_ms))
  return { workflow_type: 'custom', context: {}, custom_tasks: [only], timeout_ms: timeout, max_cost }
}

/** Runs one task on the engine. Rejects only with what is no Problem: a fault of ours. */
export async function runTask(
  execute: Execute,
  messages: ChatMessage[],
  task: TaskWish,
  bounds: Bounds,
  options: ExecuteOptions,
): Promise<Done> {
  const began = performance.now()
  try {
    const { response, timed_out, stopped } = await execute(requestOf(messages, task, bounds), options)
    const [result] = response.results
    const done = result?.success === true && result.content !== null
    return {
      run_id: response.run_id,
      result: done ? (result as Done['result']) : null,
      outcome: done ? 'ok' : (result?.error?.code ?? 'internal_error'),
      timed_out,
      simulated: response.metadata.simulated,
      cost: response.metadata.cost ?? 0,
      latency_ms: response.total_latency_ms,
      problem: stopped && !done ? STOPPED() : null,
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const nothing = { run_id: null, result: null, timed_out: false, simulated: false, cost: 0 }
    return { ...nothing, outcome: error.code, latency_ms: performance.now() - began, problem: error }
  }
}

const STOPPED = () => new Problem('not_ready', 'The service was stopped before the task had ended.', { retryAfterS: 5 })
