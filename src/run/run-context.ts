import type { RunEvent } from '../contract/events.ts'
import { upwardRanks } from '../plan/graph.ts'
import type { Plan } from '../plan/plan.ts'
import type { Purse } from '../routing/budget/port.ts'
import type { Cancellation } from './cancellation.ts'
import type { Works } from './forecast.ts'
import type { Claimant } from './policy.ts'

/** What a task tells while it goes on. */
export type TaskEvent = Exclude<RunEvent, { event: `run.${string}` }>

/** One run, as its tasks see it. */
export interface RunContext {
  /** Start of the run on the clock of performance.now(). */
  t0: number
  cancellation: Cancellation
  emit: ((event: TaskEvent) => void) | null
  claimant: Claimant
  /** What its calls may cost. */
  purse: Purse
  /** Per task: expected work, and longest remaining path of it, in ms. */
  weights: ArrayLike<number>
  ranks: ArrayLike<number>
  /** Hears that a task's work goes to a fallback. */
  moved: (index: number, model: string) => void
}

/** Prepares a plan for the lanes: ranks by what its tasks will probably take. */
export function openRun(
  plan: Plan,
  { weights }: Works,
  run: Pick<RunContext, 't0' | 'cancellation' | 'emit' | 'moved' | 'purse'> & { tenant: string },
): RunContext {
  const { tenant, ...rest } = run
  const ranks = upwardRanks(plan.graph, weights)
  let path = 0
  for (const rank of ranks) path = Math.max(path, rank)
  return { ...rest, weights, ranks, claimant: { tenant, start: run.t0, path, given: 0 } }
}
