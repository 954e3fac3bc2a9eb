import fc from 'fast-check'
import type { AttemptRecord, Outcome } from '../../../src/contract/outcome.ts'
import { TASK_ERRORS, type TaskErrorCode } from '../../../src/errors.ts'
import { buildGraph } from '../../../src/plan/graph.ts'
import type { PlanView } from '../../../src/results/input.ts'

export const outcome = (fields: Partial<Outcome> = {}): Outcome => ({
  status: 'succeeded',
  content: 'An answer.',
  model: 'BioMistral-Clinical-7B',
  backend: 'http://127.0.0.1:8085/v1',
  gpu: 0,
  latency_ms: 100,
  queue_ms: 0,
  retry_ms: 0,
  started_at_ms: 0,
  ended_at_ms: 100,
  error: null,
  cause: null,
  tokens: 10,
  prompt_tokens: 20,
  finish_reason: 'stop',
  truncated: false,
  simulated: false,
  warnings: [],
  first_token_ms: null,
  attempts: [],
  ...fields,
})

/** One call, or one that was not sent. */
export const attempt = (fields: Partial<AttemptRecord> = {}): AttemptRecord => ({
  model: 'BioMistral-Clinical-7B',
  url: 'http://127.0.0.1:8085/v1',
  outcome: 'ok',
  latency_ms: 100,
  gpu: 0,
  asked_at_ms: 0,
  started_at_ms: 0,
  ended_at_ms: 100,
  hedge: false,
  ...fields,
})

const NO_ANSWER = { content: null, tokens: null, prompt_tokens: null, finish_reason: null }

export const failed = (code: TaskErrorCode = 'upstream_timeout', fields: Partial<Outcome> = {}): Outcome =>
  outcome({ ...NO_ANSWER, status: 'failed', error: { code, message: TASK_ERRORS[code] }, ...fields })

export const skipped = (cause: string): Outcome =>
  outcome({
    ...NO_ANSWER,
    status: 'skipped',
    cause,
    error: { code: 'dependency_failed', message: TASK_ERRORS.dependency_failed },
    model: null,
    backend: null,
    gpu: null,
    latency_ms: 0,
    started_at_ms: null,
  })

export const cancelled = (): Outcome =>
  outcome({ ...NO_ANSWER, status: 'cancelled', error: { code: 'cancelled', message: TASK_ERRORS.cancelled } })

interface Draft {
  task_id: string
  agent_type?: string
  dependencies?: readonly string[]
}

export function planOf(drafts: readonly Draft[], fields: Partial<PlanView> = {}): PlanView {
  const tasks = drafts.map((draft) => ({
    agent_type: 'Clinical',
    planned_model: 'BioMistral-Clinical-7B',
    gpu: 0,
    priority: 0,
    dependencies: [],
    ...draft,
  }))
  const { graph, issue } = buildGraph(tasks)
  if (issue) throw new Error(`The test's plan is broken: ${issue.code}`)
  return {
    workflow_type: 'custom',
    layout: { title: 'CUSTOM WORKFLOW', sections: {} },
    tasks,
    graph,
    lanes_used: 1,
    agents: [...new Set(tasks.map((task) => task.agent_type))],
    ...fields,
  }
}

export const DISCHARGE = planOf(
  [
    { task_id: 'clinical_summary', agent_type: 'Clinical' },
    { task_id: 'billing_codes', agent_type: 'Billing' },
  ],
  {
    workflow_type: 'discharge_summary',
    lanes_used: 2,
    layout: {
      title: 'DISCHARGE SUMMARY',
      sections: {
        clinical_summary: { heading: 'CLINICAL SUMMARY', style: 'none' },
        billing_codes: { heading: 'BILLING INFORMATION', style: 'title' },
      },
    },
  },
)

/** Plans of up to 12 tasks, listed in an order that need not follow their dependencies. */
export const anyPlan: fc.Arbitrary<PlanView> = fc
  .integer({ min: 1, max: 12 })
  .chain((count) =>
    fc.record({
      edges: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 30 }),
      agents: fc.array(fc.constantFrom('Clinical', 'Billing', 'MedicalQA'), { minLength: count, maxLength: count }),
      places: fc.shuffledSubarray([...Array(count).keys()], { minLength: count }),
      lanes_used: fc.integer({ min: 1, max: 5 }),
    }),
  )
  .map(({ edges, agents, places, lanes_used }) => {
    const drafts = agents.map((agent_type, index) => {
      const before = edges.filter(([from, to]) => to === index && from < index).map(([from]) => `t${from}`)
      return { task_id: `t${index}`, agent_type, dependencies: [...new Set(before)] }
    })
    return planOf(
      places.map((index) => drafts[index] as Draft),
      { lanes_used },
    )
  })

const time = fc.double({ min: 0, max: 10_000, noNaN: true })

/** Any outcome, also ones that no run would make together. */
export const anyOutcome: fc.Arbitrary<Outcome> = fc
  .record({
    status: fc.constantFrom('succeeded' as const, 'failed' as const, 'skipped' as const, 'cancelled' as const),
    text: fc.oneof(fc.string(), fc.constant('The same long sentence about a patient who is well and goes home today.')),
    latency_ms: time,
    queue_ms: time,
    retry_ms: time,
    truncated: fc.boolean(),
    simulated: fc.boolean(),
    hasError: fc.boolean(),
  })
  .map(({ status, text, hasError, truncated, ...rest }) =>
    outcome({
      ...rest,
      status,
      truncated: truncated && status === 'succeeded',
      content: status === 'succeeded' ? text : null,
      cause: status === 'skipped' && hasError ? 't0' : null,
      error:
        status !== 'succeeded' && hasError ? { code: 'upstream_error', message: TASK_ERRORS.upstream_error } : null,
    }),
  )

export const anyRun: fc.Arbitrary<{ plan: PlanView; outcomes: Outcome[] }> = anyPlan.chain((plan) =>
  fc
    .array(anyOutcome, { minLength: plan.tasks.length, maxLength: plan.tasks.length })
    .map((outcomes) => ({ plan, outcomes })),
)
