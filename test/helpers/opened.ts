import type { Outcome } from '../../src/contract/outcome.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { Cancellation } from '../../src/run/cancellation.ts'
import { openRun, type RunContext } from '../../src/run/run-context.ts'
import { type RunHooks, runPlan } from '../../src/run/scheduler.ts'
import type { Workshop } from '../../src/run/workshop.ts'

import { NO_PRICES } from './fake-port.ts'

/** A run of this plan that begins now and is prepared for its lanes. */
export const opened = (plan: Plan, shop: Workshop, own: Partial<RunContext> = {}): RunContext => ({
  ...openRun(plan, shop.forecast.worksOf(plan.tasks), {
    t0: performance.now(),
    cancellation: new Cancellation(),
    emit: null,
    moved: () => undefined,
    purse: NO_PRICES,
    tenant: 'default',
  }),
  ...own,
})

/** Hooks of a test in which nothing may go wrong unnoticed. */
export const STRICT: RunHooks = {
  onTaskEnd: () => undefined,
  onFault: (error) => {
    throw error
  },
}

/** Runs a plan that nothing holds up: every task has an outcome. */
export async function runWhole(...call: Parameters<typeof runPlan>): Promise<Outcome[]> {
  const outcomes = await runPlan(...call)
  return outcomes.map((outcome, index) => {
    if (outcome === undefined) throw new Error(`task ${index} has no outcome`)
    return outcome
  })
}
