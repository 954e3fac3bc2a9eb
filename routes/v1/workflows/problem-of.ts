import type { RunEnd } from '../../../src/contract/service.ts'
import { Problem } from '../../../src/errors.ts'

/**
 * The Problem that a run without any success, past its deadline or cut by a stop of the service is answered with; null for every other run. The run
 * goes out whole under `run`, to the caller that it belongs to; the words beside it hold no clinical text.
 */
export function problemOf({ response, timed_out, stopped }: RunEnd): Problem | null {
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
  return new Problem('run_failed', `None of ${num_tasks} tasks succeeded (${codes}). See run.`, { members })
}
