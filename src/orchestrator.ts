import { randomUUID } from 'node:crypto'
import type { ExecuteRequest } from './contract/execute.ts'
import type { Outcome } from './contract/outcome.ts'
import { ownId } from './contract/own-id.ts'
import type { ExecuteOptions, RunEnd } from './contract/service.ts'
import { Problem } from './errors.ts'
import { buildPlan, type PlanningOffice } from './plan/build.ts'
import { needsHuman } from './plan/human.ts'
import type { Plan, PlanTask } from './plan/plan.ts'
import { asDecided } from './plan/route.ts'
import { assemble } from './results/assemble.ts'
import { measuredOf } from './results/measured.ts'
import { roundMs } from './results/round.ts'
import { refusalOf } from './run/admission.ts'
import { resumed, started } from './run/announcement.ts'
import { Cancellation } from './run/cancellation.ts'
import { byIndex, spentOn, workedMs } from './run/course.ts'
import type { Works } from './run/forecast.ts'
import type { RunObserver } from './run/observer.ts'
import { runAgain, runPass } from './run/pass.ts'
import { shield } from './run/shield.ts'
import type { Workshop } from './run/workshop.ts'

export interface OrchestratorParts {
  office: PlanningOffice
  workshop: Workshop
  observer: RunObserver
  run_timeout_ms: number
}

/** A request that has passed planning and admission; nothing of it has been started. */
export interface Admitted {
  run_id: string
  request: ExecuteRequest
  plan: Plan
  works: Works
  timeout_ms: number
  /** When it came, on the clock of performance.now(). */
  t0: number
}

/** How a run goes on that was worked on before, and where it may have to wait. */
export interface RunCourse {
  /** Outcomes by task id of tasks that ended earlier. */
  finished?: ReadonlyMap<string, Outcome>
  /** Whether nothing behind a task that has just succeeded may start yet. @default never */
  holds?: (task: PlanTask) => boolean
  onOutcome?: (task: PlanTask, outcome: Outcome) => void
  /** Whether the run is to go on elsewhere: then what became of it here is no end. @default never */
  isLeft?: () => boolean
}

export type RunOptions = ExecuteOptions & RunCourse

/** The run stands still, behind tasks that hold it up or because it goes on elsewhere. */
export const PARKED = 'parked'

/** The corridor: plan, run, assemble, record. It joins the rooms and owns no policy. */
export class Orchestrator {
  readonly #parts: OrchestratorParts
  readonly #running = new Set<Cancellation>()

  constructor(parts: OrchestratorParts) {
    this.#parts = parts
  }

  /**
   * Runs one request to its end, without keeping it. Throws a Problem when it is refused, before any model server is asked,
   * also when a human would have to approve something; afterwards it always resolves with what was made, also when every task failed.
   */
  async execute(request: ExecuteRequest, options: ExecuteOptions): Promise<RunEnd> {
    const admitted = this.admit(request, options.caller.tenant, options.left_cost)
    // Never run as if somebody had approved it.
    if (needsHuman(admitted.plan))
      throw new Problem('invalid_request', 'A run that a human has to approve must be kept: send it to the service.', {
        errors: [{ field: 'approval', message: 'needs the service, and so does requires_approval of a task' }],
      })
    return (await this.run(admitted, options)) as RunEnd
  }

  /** Plans a request. Throws a Problem when that cannot be done, or when it could not end in time by all that is known. */
  admit(request: ExecuteRequest, tenant: string, left_cost: number | null = null): Admitted {
    const admitted = this.plan(request, { left_cost })
    const { plan, works, timeout_ms } = admitted
    const { workshop, observer } = this.#parts
    const refusal = refusalOf({ plan, works: works.expected, tenant }, timeout_ms, workshop)
    if (refusal === null) return admitted
    observer.runRefused(refusal.reason)
    throw refusal.problem
  }

  /**
   * Plans a request that may wait as long as it must, or that was admitted before, under the id that it has. `left_cost`: what the
   * caller's accounts have left. Throws a Problem.
   */
  plan(
    request: ExecuteRequest,
    { known_id, left_cost = null }: { known_id?: string; left_cost?: number | null } = {},
  ): Admitted {
    const { office, workshop, run_timeout_ms } = this.#parts
    const run_id = known_id ?? ownId(Date.now(), randomUUID())
    const { route, routeAgain = route } = office
    const t0 = performance.now()
    const plan = buildPlan(known_id === undefined ? office : { ...office, route: routeAgain }, request, left_cost)
    const timeout_ms = Math.min(plan.timeout_ms ?? run_timeout_ms, run_timeout_ms)
    return { run_id, request, plan, works: workshop.forecast.worksOf(plan.tasks), timeout_ms, t0 }
  }

  /**
   * Runs what was planned, to its end or until it is held up. Never rejects. Its time goes on where it stood when the
   * tasks that had `finished` ended: time in which nobody worked on it is not counted.
   */
  async run(admitted: Admitted, options: RunOptions): Promise<RunEnd | typeof PARKED> {
    const { office, workshop, observer } = this.#parts
    const { run_id, request, works, timeout_ms } = admitted
    const { cancel, emit = null, caller, timeline = false, onOutcome, holds } = options
    const finished = options.finished && byIndex(admitted.plan, options.finished)
    const plan = finished
      ? { ...admitted.plan, tasks: asDecided(admitted.plan.tasks, finished, office.models) }
      : admitted.plan
    const t0 = finished ? performance.now() - workedMs(finished.values()) : admitted.t0
    const { tenant } = caller
    // Nothing that watches a run may change how it ends.
    const tell = (what: () => void) => shield(what, (error) => observer.fault(error, run_id))(undefined)
    const onFault = (error: unknown) => observer.fault(error, run_id)
    const purse = workshop.openPurse(caller, request.max_cost ?? null, spentOn(finished?.values() ?? []))
    const say = emit && shield(emit, onFault)
    const cancellation = new Cancellation(t0 + timeout_ms)
    this.#running.add(cancellation)
    const timer = setTimeout(() => cancellation.cancel('run_timeout'), Math.max(1, t0 + timeout_ms - performance.now()))
    const forget = cancel?.onCancel(() => cancellation.cancel('cancelled'))
    tell(() => observer.runStarted())
    say?.(finished ? resumed(run_id, finished.size) : started(run_id, plan))
    const reached = await runPass(
      plan,
      workshop,
      { t0, cancellation, emit, tenant, purse, works, ...(finished && { finished }), ...(holds && { holds }) },
      {
        onTaskEnd: (task, outcome) => {
          onOutcome?.(task, task.routing === null ? outcome : { ...outcome, routing: task.routing })
          observer.taskEnded(task, outcome)
        },
        onFault,
      },
    )
    const leave = () => {
      clearTimeout(timer)
      forget?.()
      this.#running.delete(cancellation)
    }
    // A held task that nothing waits for holds up the end of the run itself.
    const isHeld = (task: PlanTask) => reached[task.index]?.status === 'succeeded' && holds?.(task) === true
    const stands = holds !== undefined && !cancellation.cancelled && plan.tasks.some(isHeld)
    if (stands || reached.includes(undefined) || options.isLeft?.() === true) {
      leave()
      tell(() => observer.runParked())
      return PARKED
    }
    const outcomes = reached as Outcome[]
    const total_ms = performance.now() - t0
    const { reason } = cancellation
    const unfinished = outcomes.some(({ status }) => status !== 'succeeded')
    // A last answer may have been whole already when the time was over: then nothing is unfinished.
    const timed_out = reason === 'run_timeout' && unfinished
    const stopped = reason === 'stopped' && unfinished

    const measure = () =>
      runAgain(
        plan,
        workshop,
        { outcomes, cancellation, tenant, purse },
        {
          onBegin: () => say?.({ event: 'run.measuring', data: { at_ms: roundMs(total_ms) } }),
          onTaskEnd: (task, outcome) => observer.taskMeasured(task, outcome),
          onFault,
        },
      )
    const measured =
      request.measure === 'sequential'
        ? measuredOf(
            await measure(),
            total_ms,
            cancellation.timed_out ? 'run_timeout' : cancellation.cancelled ? 'cancelled' : null,
          )
        : null
    leave()

    const response = assemble({
      run_id,
      plan,
      outcomes,
      total_ms,
      cancelled: reason === 'cancelled' || stopped,
      measured,
      timeline,
    })
    const end = { response, timed_out, stopped }
    tell(() => observer.runEnded(end, caller))
    return end
  }

  /** Ends all runs in flight. Each resolves soon, with what it has by then. */
  stop(): void {
    for (const cancellation of this.#running) cancellation.cancel('stopped')
  }
}
