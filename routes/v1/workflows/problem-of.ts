import type { RunEnd } from '../../../src/contract/service.ts'
import { Problem } from '../../../src/errors.ts'

/**
 * The Problem that a run without any success, or past its deadline, is answered with; null for every other run. The run
 * goes out whole under `run`, to the caller that it belongs to; the words beside it hold no clinical text.
 */
export function problemOf({ response, timed_out }: RunEnd): Problem | null {
  const members = { run: response }
  const { num_tasks, errors } = response.metadata
  if (timed_out) {
    const done = response.results.filter((result) => result.success).length
    return new Problem(
      'run_timeout',
      `The run passed its deadline; ${done} of ${num_tasks} tasks had succeeded. See run.`,
      { members },
    )
  }
  if (response.status !== 'failed') return null
  const codes = [...new Set(errors.map((error) => error.code))].join(', ')
  return new Problem('run_failed', `None of ${num_tasks} tasks succeeded (${codes}). See run.`, { members })
}
