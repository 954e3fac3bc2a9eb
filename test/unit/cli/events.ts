import type { RunEvent } from '../../../src/contract/events.ts'

/** Run events for tests: two independent tasks on two GPUs. */
export const twoTasks: RunEvent = {
  event: 'run.started',
  data: {
    run_id: 'run-1',
    workflow_type: 'discharge_summary',
    tasks: [
      {
        task_id: 'clinical_summary',
        agent_type: 'Clinical',
        planned_model: 'BioMistral-Clinical-7B',
        gpu: 0,
        dependencies: [],
      },
      {
        task_id: 'billing_codes',
        agent_type: 'Billing',
        planned_model: 'OpenInsurance-LLaMA3-8B',
        gpu: 1,
        dependencies: [],
      },
    ],
  },
}

const MODELS: Record<string, [string, number]> = {
  clinical_summary: ['BioMistral-Clinical-7B', 0],
  billing_codes: ['OpenInsurance-LLaMA3-8B', 1],
}

export const queued = (task_id: string, at_ms: number): RunEvent => ({ event: 'task.queued', data: { task_id, at_ms } })

export const started = (
  task_id: string,
  at_ms: number,
  own: { attempt?: number; model?: string; gpu?: number; hedge?: boolean } = {},
): RunEvent => {
  const [model, gpu] = MODELS[task_id] ?? ['model', 0]
  return { event: 'task.started', data: { task_id, attempt: 1, model, gpu, hedge: false, at_ms, ...own } }
}

export const retried = (task_id: string, at_ms: number, code = 'upstream_error', attempt = 1): RunEvent => ({
  event: 'task.retried',
  data: { task_id, attempt, code, discard: false, at_ms },
})

export const succeeded = (
  task_id: string,
  at_ms: number,
  latency_ms = at_ms,
  model = MODELS[task_id]?.[0] ?? 'model',
): RunEvent => ({
  event: 'task.succeeded',
  data: { task_id, model, latency_ms, truncated: false, at_ms },
})
