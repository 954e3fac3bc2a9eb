import type { Plan } from '../../src/plan/plan.ts'
import { Cancellation } from '../../src/run/cancellation.ts'
import { openRun, type RunContext } from '../../src/run/run-context.ts'
import type { RunHooks } from '../../src/run/scheduler.ts'
import type { Workshop } from '../../src/run/workshop.ts'

/** A run of this plan that begins now and is prepared for its lanes. */
export const opened = (plan: Plan, shop: Workshop, own: Partial<RunContext> = {}): RunContext => ({
  ...openRun(plan, shop.forecast.worksOf(plan.tasks), {
    t0: performance.now(),
    cancellation: new Cancellation(),
    emit: null,
    moved: () => undefined,
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
