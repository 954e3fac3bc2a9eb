import { randomUUID } from 'node:crypto'
import type { RunEvent } from './contract/events.ts'
import type { ExecuteRequest } from './contract/execute.ts'
import type { ExecuteOptions, RunEnd } from './contract/service.ts'
import { buildPlan, type PlanningOffice } from './plan/build.ts'
import type { Plan } from './plan/plan.ts'
import { assemble } from './results/assemble.ts'
import { measuredOf } from './results/measured.ts'
import { roundMs } from './results/round.ts'
import { refusalOf } from './run/admission.ts'
import { Cancellation } from './run/cancellation.ts'
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

/** The corridor: plan, run, assemble, record. It joins the rooms and owns no policy. */
export class Orchestrator {
  readonly #parts: OrchestratorParts
  readonly #running = new Set<Cancellation>()

  constructor(parts: OrchestratorParts) {
    this.#parts = parts
  }

  /**
   * Runs one request to its end. Throws a Problem when it is refused, before any model server is asked; afterwards it
   * always resolves with what was made, also when every task failed.
   */
  async execute(request: ExecuteRequest, options: ExecuteOptions): Promise<RunEnd> {
    const { office, workshop, observer, run_timeout_ms } = this.#parts
    const t0 = performance.now()
    const plan = buildPlan(office, request)
    const timeout_ms = Math.min(plan.timeout_ms ?? run_timeout_ms, run_timeout_ms)
    const { cancel, emit = null, caller, timeline = false } = options
    const { tenant } = caller
    const works = workshop.forecast.worksOf(plan.tasks)
    const refusal = refusalOf({ plan, works: works.expected, tenant }, timeout_ms, workshop)
    if (refusal !== null) {
      observer.runRefused(refusal.reason)
      throw refusal.problem
    }

    const run_id = randomUUID()
    // Nothing that watches a run may change how it ends.
    const tell = (what: () => void) => shield(what, (error) => observer.fault(error, run_id))(undefined)
    const onFault = (error: unknown) => observer.fault(error, run_id)
    const say = emit && shield(emit, onFault)
    const cancellation = new Cancellation(t0 + timeout_ms)
    this.#running.add(cancellation)
    const forget = cancel?.onCancel(() => cancellation.cancel('cancelled'))
    const timer = setTimeout(() => cancellation.cancel('run_timeout'), timeout_ms)
    tell(() => observer.runStarted())
    say?.(started(run_id, plan))
    const outcomes = await runPass(
      plan,
      workshop,
      { t0, cancellation, emit, tenant, works },
      {
        onTaskEnd: (task, outcome) => tell(() => observer.taskEnded(task, outcome)),
        onFault,
      },
    )
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
        { outcomes, cancellation, tenant },
        {
          onBegin: () => say?.({ event: 'run.measuring', data: { at_ms: roundMs(total_ms) } }),
          onTaskEnd: (task, outcome) => tell(() => observer.taskMeasured(task, outcome)),
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
    clearTimeout(timer)
    forget?.()
    this.#running.delete(cancellation)

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

const started = (run_id: string, plan: Plan): RunEvent => ({
  event: 'run.started',
  data: {
    run_id,
    workflow_type: plan.workflow_type,
    tasks: plan.tasks.map(({ task_id, agent_type, planned_model, gpu, dependencies }) => ({
      task_id,
      agent_type,
      planned_model,
      gpu,
      dependencies,
    })),
  },
})
