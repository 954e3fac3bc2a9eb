import type { ExecuteResponse } from '../../../src/contract/result.ts'
import type { RunEnd } from '../../../src/contract/service.ts'
import { Problem } from '../../../src/errors.ts'

/** No server has failed, and to ask again as it is would not help. */
const REFUSALS = ['egress_refused', 'budget_exceeded', 'context_overflow'] as const
type Refusal = (typeof REFUSALS)[number]
const isRefusal = (code: string): code is Refusal => (REFUSALS as readonly string[]).includes(code)

/** Of a run of one task: why it failed, in the sentence that the service itself wrote; null for every other run. */
function failureOf({ results }: ExecuteResponse, members: { run: ExecuteResponse }, isTask: boolean): Problem | null {
  const [only] = results
  if (results.length !== 1 || !only?.error) return null
  const { code, message, free_at } = only.error
  if (!isTask || !isRefusal(code) || !only.attempts.every(({ outcome }) => isRefusal(outcome)))
    return new Problem('run_failed', `The task failed (${code}): ${message} See run.`, { members })
  const wait_ms = free_at === undefined ? 0 : Date.parse(free_at) - Date.now()
  return new Problem(code, message, { members, ...(wait_ms > 0 && { retryAfterS: wait_ms / 1000 }) })
}

/**
 * The Problem that a run without any success, past its deadline or cut by a stop of the service is answered with; null for every other run. The run
 * goes out whole under `run`, to the caller that it belongs to; the words beside it hold no clinical text. `isTask`: the caller asked for
 * one task and knows of no run, so that a refusal of the task is one of the request. A run that failed is 502 whatever failed in it.
 */
export function problemOf({ response, timed_out, stopped }: RunEnd, isTask = false): Problem | null {
  const members = { run: response }
  const { num_tasks, errors } = response.metadata
  const done = response.results.filter((result) => result.success).length
  const so_far = `${done} of ${num_tasks} tasks had succeeded. See run.`
  if (timed_out) return new Problem('run_timeout', `The run passed its deadline; ${so_far}`, { members })
  if (stopped)
    return new Problem('not_ready', `The service was stopped before the run had ended; ${so_far}`, {
      members,
      retryAfterS: 5,
    })
  if (response.status !== 'failed') return null
  const codes = [...new Set(errors.map((error) => error.code))].join(', ')
  if (errors.some(({ code }) => code === 'approval_rejected' || code === 'approval_expired') && done === 0)
    return new Problem('run_failed', `The run has no document that may be used (${codes}). See run.`, { members })
  const failure = failureOf(response, members, isTask)
  if (failure) return failure
  return new Problem('run_failed', `None of ${num_tasks} tasks succeeded (${codes}). See run.`, { members })
}
