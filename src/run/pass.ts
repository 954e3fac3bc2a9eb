import type { Outcome } from '../contract/outcome.ts'
import type { Plan } from '../plan/plan.ts'
import { isWhole } from '../results/verdict.ts'
import { Cancellation } from './cancellation.ts'
import type { Course } from './course.ts'
import { placeOf } from './estimate.ts'
import type { Works } from './forecast.ts'
import { openRun, type RunContext } from './run-context.ts'
import { RunLoad } from './run-load.ts'
import { type RunHooks, runPlan } from './scheduler.ts'
import type { Workshop } from './workshop.ts'

export interface Pass extends Pick<RunContext, 't0' | 'cancellation' | 'emit' | 'purse'>, Course {
  tenant: string
  works: Works
}

/**
 * Runs a plan once. What it owes the lanes stands in their backlog until each task has ended. A task behind a hold has no
 * outcome.
 */
export async function runPass(
  plan: Plan,
  shop: Workshop,
  pass: Pass,
  hooks: RunHooks,
): Promise<(Outcome | undefined)[]> {
  const { tenant, works, finished, holds, max_in_flight, ...watched } = pass
  const load = new RunLoad(shop.backlog, tenant, plan.tasks, works.expected, (task) => placeOf(task, shop))
  const run = openRun(plan, works, { ...watched, tenant, moved: (index, model) => load.move(index, model) })
  const onTaskEnd: RunHooks['onTaskEnd'] = (task, outcome) => {
    if (outcome.status === 'succeeded') load.worked(task.index)
    load.end(task.index)
    hooks.onTaskEnd(task, outcome)
  }
  for (const index of finished?.keys() ?? []) load.end(index)
  const course = { ...(finished && { finished }), ...(holds && { holds }), ...(max_in_flight && { max_in_flight }) }
  const outcomes = await runPlan(plan, shop, run, { ...hooks, onTaskEnd }, course)
  for (const [index, outcome] of outcomes.entries()) if (outcome === undefined) load.end(index)
  return outcomes
}

/** What the first pass of a run left behind. */
export interface Passed extends Pick<Pass, 'cancellation' | 'tenant' | 'purse'> {
  outcomes: readonly Outcome[]
}

/**
 * Runs a plan once more, one task at a time, each after its dependencies, as a run that comes now. The first task without
 * a whole answer ends it: there is nothing left to measure. Null when that was so already, or no time is left; else
 * `onBegin` hears that it begins.
 */
export async function runAgain(
  plan: Plan,
  shop: Workshop,
  { outcomes, cancellation, tenant, purse }: Passed,
  { onBegin, ...hooks }: RunHooks & { onBegin: () => void },
): Promise<Outcome[] | null> {
  if (cancellation.cancelled || !outcomes.every(isWhole)) return null
  onBegin()
  const own = new Cancellation(cancellation.deadline)
  const forget = cancellation.onCancel(() => own.cancel(cancellation.reason ?? 'cancelled'))
  const onTaskEnd: RunHooks['onTaskEnd'] = (task, outcome) => {
    if (!isWhole(outcome)) own.cancel('cancelled')
    hooks.onTaskEnd(task, outcome)
  }
  const works = shop.forecast.worksOf(plan.tasks)
  const pass: Pass = { t0: performance.now(), cancellation: own, emit: null, tenant, purse, works, max_in_flight: 1 }
  const again = await runPass(plan, shop, pass, { ...hooks, onTaskEnd })
  forget()
  return again as Outcome[]
}
