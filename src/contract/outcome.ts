import type { TaskErrorCode } from '../errors.ts'
import type { Attempt, TaskStatus } from './result.ts'

/** How one task ended. Made by `run/`, read by `results/`; outcomes never throw. Times in ms. */
export interface Outcome {
  status: TaskStatus
  /** The text of a succeeded task; null otherwise: a failed attempt leaves none behind. */
  content: string | null
  /** The model last asked; null when none was. */
  model: string | null
  backend: string | null
  gpu: number | null
  /** Of the accepted attempt; of a failed task its last attempt; 0 when none was made. */
  latency_ms: number
  queue_ms: number
  retry_ms: number
  /** Since the start of the run; null when the task never became ready. */
  started_at_ms: number | null
  ended_at_ms: number
  error: { code: TaskErrorCode; message: string } | null
  /** Of a skipped task: the dependency that did not succeed. */
  cause: string | null
  tokens: number | null
  prompt_tokens: number | null
  finish_reason: string | null
  truncated: boolean
  simulated: boolean
  warnings: readonly string[]
  attempts: readonly Attempt[]
}

/** The parts of an outcome that a task has not filled, of one that never ran: all. */
export const UNTOUCHED: Omit<Outcome, 'status' | 'ended_at_ms'> = Object.freeze({
  content: null,
  model: null,
  backend: null,
  gpu: null,
  latency_ms: 0,
  queue_ms: 0,
  retry_ms: 0,
  started_at_ms: null,
  error: null,
  cause: null,
  tokens: null,
  prompt_tokens: null,
  finish_reason: null,
  truncated: false,
  simulated: false,
  warnings: [],
  attempts: [],
})
