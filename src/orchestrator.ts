import { randomUUID } from 'node:crypto'
import type { RunEvent } from './contract/events.ts'
import type { ExecuteRequest } from './contract/execute.ts'
import type { ExecuteOptions, RunEnd } from './contract/service.ts'
import { buildPlan, type PlanningOffice } from './plan/build.ts'
import type { Plan } from './plan/plan.ts'
import { assemble } from './results/assemble.ts'
import { admit } from './run/admission.ts'
import { Cancellation } from './run/cancellation.ts'
import type { RunObserver } from './run/observer.ts'
import { runPlan } from './run/scheduler.ts'
import { shield } from './run/shield.ts'
import type { Workshop } from './run/task.ts'

export interface OrchestratorParts {
  office: PlanningOffice
  workshop: Workshop
  observer: RunObserver
  run_timeout_ms: number
}

/** The corridor: plan, run, assemble, record. It joins the rooms and owns no policy. */
export class Orchestrator {
  readonly #parts: OrchestratorParts

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
    admit(plan, timeout_ms, workshop)

    const run_id = randomUUID()
    // Nothing that watches a run may change how it ends.
    const tell = (what: () => void) => shield(what, (error) => observer.fault(error, run_id))(undefined)
    const cancellation = new Cancellation(t0 + timeout_ms)
    const { cancel, emit = null, caller } = options
    const forget = cancel?.onCancel(() => cancellation.cancel('cancelled'))
    const timer = setTimeout(() => cancellation.cancel('run_timeout'), timeout_ms)
    tell(() => observer.runStarted())
    if (emit) shield(emit, (error) => observer.fault(error, run_id))(started(run_id, plan))
    const outcomes = await runPlan(plan, workshop, cancellation, t0, {
      emit,
      onTaskEnd: (task, outcome) => tell(() => observer.taskEnded(task, outcome)),
      onFault: (error) => observer.fault(error, run_id),
    })
    clearTimeout(timer)
    forget?.()

    const response = assemble({
      run_id,
      plan,
      outcomes,
      total_ms: performance.now() - t0,
      cancelled: cancellation.reason === 'cancelled',
    })
    // A last answer may have been whole already when the time was over: then nothing is unfinished.
    const timed_out = cancellation.timed_out && outcomes.some(({ status }) => status !== 'succeeded')
    const end = { response, timed_out }
    tell(() => observer.runEnded(end, caller))
    return end
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
