import type { RunEvent } from '../contract/events.ts'
import type { RoutingDecision } from '../contract/routing.ts'
import type { Plan } from '../plan/plan.ts'

/** Without the table, which stands in the result. */
function inShort({ target_tier, task_type, confidence, reasoning, estimated_cost }: RoutingDecision) {
  return { target_tier, task_type, confidence, reasoning, estimated_cost }
}

/** A run goes on of which so many tasks had ended. */
export const resumed = (run_id: string, tasks_done: number): RunEvent => ({
  event: 'run.resumed',
  data: { run_id, tasks_done },
})

/** A run begins. */
export const started = (run_id: string, plan: Plan): RunEvent => ({
  event: 'run.started',
  data: {
    run_id,
    workflow_type: plan.workflow_type,
    tasks: plan.tasks.map(({ task_id, agent_type, planned_model, gpu, dependencies, routing }) => ({
      task_id,
      agent_type,
      planned_model,
      gpu,
      dependencies,
      ...(routing && { routing: inShort(routing) }),
    })),
  },
})
