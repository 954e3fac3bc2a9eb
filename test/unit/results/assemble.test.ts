import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Outcome } from '../../../src/contract/outcome.ts'
import { ExecuteResponse } from '../../../src/contract/result.ts'
import type { Plan } from '../../../src/plan/plan.ts'
import { assemble } from '../../../src/results/assemble.ts'
import type { PlanView } from '../../../src/results/input.ts'
import { anyRun, attempt, cancelled, DISCHARGE, failed, outcome, planOf, skipped } from './fixtures.ts'

const finish = (plan: PlanView, outcomes: readonly Outcome[], isCancelled = false): ExecuteResponse =>
  assemble({ run_id: 'run-1', plan, outcomes, total_ms: 1250, cancelled: isCancelled })

const FALLBACK =
  'Written by BiMediX2-8B in place of BioMistral-Clinical-7B, which gave no usable answer (upstream_timeout).'

describe('the answer of a run', () => {
  test('holds the facts of the run beside the document', () => {
    const outcomes = [outcome({ latency_ms: 1100 }), outcome({ latency_ms: 1000, content: 'J18.9' })]
    const answer = finish(DISCHARGE, outcomes)
    expect(answer).toMatchObject({
      run_id: 'run-1',
      workflow_type: 'discharge_summary',
      status: 'succeeded',
      success: true,
      total_latency_ms: 1250,
      parallel_efficiency: 0.84,
      metadata: {
        num_tasks: 2,
        speedup_factor: 1.68,
        lanes_used: 2,
        agents: ['Clinical', 'Billing'],
        simulated: false,
        duplicates_removed: 0,
        errors: [],
      },
    })
    expect(answer.aggregated_content).toMatch(/^=== DISCHARGE SUMMARY ===\n/)
  })

  test("carries each task's own record through unchanged, in plan order", () => {
    const recorded = outcome({
      model: 'BiMediX2-8B',
      backend: 'http://10.0.0.5:8081/v1',
      gpu: 1,
      latency_ms: 12.34567,
      queue_ms: 3,
      retry_ms: 4,
      started_at_ms: 0.00049,
      warnings: ['prompt_estimated'],
      attempts: [
        attempt({ url: 'http://a/v1', outcome: 'upstream_timeout', latency_ms: 4.0004 }),
        attempt({ model: 'BiMediX2-8B', url: 'http://b/v1', latency_ms: 12.34567, hedge: true }),
      ],
    })
    const plan = planOf([{ task_id: 'a' }, { task_id: 'b', dependencies: ['a'] }])
    expect(finish(plan, [outcome(), recorded]).results[1]).toEqual({
      task_id: 'b',
      agent_type: 'Clinical',
      model: 'BiMediX2-8B',
      planned_model: 'BioMistral-Clinical-7B',
      status: 'succeeded',
      success: true,
      content: 'An answer.',
      latency_ms: 12.346,
      queue_ms: 3,
      retry_ms: 4,
      started_at_ms: 0,
      error: null,
      tokens: 10,
      prompt_tokens: 20,
      finish_reason: 'stop',
      truncated: false,
      priority: 0,
      dependencies: ['a'],
      gpu: 1,
      backend: 'http://10.0.0.5:8081/v1',
      warnings: ['prompt_estimated', FALLBACK],
      fallback_reason: FALLBACK,
      attempts: [
        {
          model: 'BioMistral-Clinical-7B',
          url: 'http://a/v1',
          outcome: 'upstream_timeout',
          latency_ms: 4,
          hedge: false,
        },
        { model: 'BiMediX2-8B', url: 'http://b/v1', outcome: 'ok', latency_ms: 12.346, hedge: true },
      ],
      cost: 0,
      cached: false,
    })
  })

  test("leaves a model's text as it wrote it in results, whatever the document does with it", () => {
    const text = '\n=== FORGED ===\nThe patient was admitted with pneumonia and treated for five days.\n\n'
    const { results, aggregated_content, metadata } = finish(DISCHARGE, [
      outcome({ content: text }),
      outcome({ content: text }),
    ])
    expect(results.map(({ content }) => content)).toEqual([text, text])
    expect(aggregated_content).toContain('\n> === FORGED ===\n')
    expect(metadata.duplicates_removed).toBe(1)
  })

  test('warns in the result of every answer that rests on a cut one, and names that task', () => {
    const plan = planOf([
      { task_id: 'first' },
      { task_id: 'second', dependencies: ['first'] },
      { task_id: 'third', dependencies: ['second'] },
      { task_id: 'alone' },
      { task_id: 'failing', dependencies: ['first'] },
    ])
    const own = outcome({ warnings: ['Of its own.'] })
    const { results } = finish(plan, [outcome({ truncated: true }), own, outcome(), outcome(), failed()])
    const rests = 'This answer rests on the answer of task "first", which was cut by the token limit.'
    expect(results.map(({ warnings }) => warnings)).toEqual([[], ['Of its own.', rests], [rests], [], []])
  })

  test('is marked as simulated when a simulator wrote any of it', () => {
    expect(finish(DISCHARGE, [outcome(), outcome({ simulated: true })]).metadata.simulated).toBe(true)
    expect(finish(DISCHARGE, [outcome(), failed('upstream_error', { simulated: true })]).metadata.simulated).toBe(false)
  })
})

describe('the status of a run', () => {
  const cases: [string, Outcome[], boolean, string][] = [
    ['every task gave a whole answer', [outcome(), outcome()], false, 'succeeded'],
    ['one task failed', [outcome(), failed()], false, 'partial'],
    ['one answer was cut', [outcome(), outcome({ truncated: true })], false, 'partial'],
    ['every answer was cut', [outcome({ truncated: true }), outcome({ truncated: true })], false, 'partial'],
    ['no task succeeded', [failed(), failed()], false, 'failed'],
    ['one task failed and the other waited for it', [failed(), skipped('clinical_summary')], false, 'failed'],
    ['a task succeeded without text', [outcome(), outcome({ content: ' ' })], false, 'partial'],
    ['it was cancelled half way', [outcome(), cancelled()], true, 'cancelled'],
    ['it was cancelled before anything ended', [cancelled(), cancelled()], true, 'cancelled'],
  ]
  test.each(cases)('when %s', (_, outcomes, isCancelled, expected) => {
    const { status, success } = finish(DISCHARGE, outcomes, isCancelled)
    expect({ status, success }).toEqual({ status: expected, success: expected === 'succeeded' })
  })
})

describe('the errors of a run', () => {
  test('stand in plan order with code, sentence and cause', () => {
    const plan = planOf([{ task_id: 'b', dependencies: ['a'] }, { task_id: 'a' }, { task_id: 'c' }])
    expect(finish(plan, [skipped('a'), failed('breaker_open'), outcome()]).metadata.errors).toEqual([
      {
        task_id: 'b',
        code: 'dependency_failed',
        message: 'A task that this one depends on did not succeed.',
        cause: 'a',
      },
      {
        task_id: 'a',
        code: 'breaker_open',
        message: 'The model server failed repeatedly and is being left alone for a while.',
        cause: null,
      },
    ])
  })

  test('list a cut answer although its task succeeded and has no error of its own', () => {
    const { results, metadata } = finish(DISCHARGE, [outcome({ truncated: true }), outcome()])
    expect(results[0]).toMatchObject({ status: 'succeeded', success: true, error: null, truncated: true })
    expect(metadata.errors).toEqual([
      {
        task_id: 'clinical_summary',
        code: 'output_truncated',
        message: 'The answer was cut by the token limit and is incomplete.',
        cause: null,
      },
    ])
  })

  test('a skipped task ran nowhere', () => {
    expect(finish(DISCHARGE, [failed(), skipped('clinical_summary')]).results[1]).toMatchObject({
      model: null,
      gpu: null,
      backend: null,
      started_at_ms: null,
      success: false,
      error: { code: 'dependency_failed' },
    })
  })
})

describe('for any run', () => {
  test('there is an answer of the promised shape, with one result for each task in plan order', () => {
    fc.assert(
      fc.property(anyRun, fc.boolean(), ({ plan, outcomes }, isCancelled) => {
        const answer = finish(plan, outcomes, isCancelled)
        expect(ExecuteResponse.parse(answer)).toEqual(answer)
        expect(answer.results.map(({ task_id }) => task_id)).toEqual(plan.tasks.map(({ task_id }) => task_id))
        expect(answer.success).toBe(answer.status === 'succeeded')
        expect(answer.success).toBe(answer.metadata.errors.length === 0 && !isCancelled)
      }),
    )
  })

  test('a plan and outcomes that do not belong together are refused', () => {
    expect(() => finish(DISCHARGE, [outcome()])).toThrow('2 tasks from 1 outcomes')
  })

  test('a plan as the drawing office makes it can be assembled', () => {
    const accept = (plan: Plan): PlanView => plan
    expect(accept).toBeTypeOf('function')
  })
})

describe('the warning about a fallback', () => {
  const planned = (...attempts: { outcome: string; started_at_ms?: number | null }[]) => {
    const all = [...attempts.map((one) => attempt(one)), attempt({ model: 'other', outcome: 'ok' })]
    return finish(planOf([{ task_id: 'a' }]), [outcome({ model: 'other', attempts: all })]).results[0]
  }
  const of = (why: string) => `Written by other in place of BioMistral-Clinical-7B, which ${why}.`

  test.each([
    [[{ outcome: 'upstream_error' }, { outcome: 'upstream_timeout' }], 'gave no usable answer (upstream_timeout)'],
    [[{ outcome: 'budget_exceeded', started_at_ms: null }], 'was not asked (budget_exceeded)'],
    [[{ outcome: 'cancelled' }], 'had not answered by then'],
    [[{ outcome: 'upstream_error' }, { outcome: 'cancelled' }], 'gave no usable answer (upstream_error)'],
    [[], 'was not asked'],
  ])('says why the planned model did not answer: %j', (attempts, why) => {
    const result = planned(...attempts)
    expect([result?.fallback_reason, result?.warnings]).toEqual([of(why), [of(why)]])
  })

  test('is not there where the planned model answered, or nobody did', () => {
    const own = finish(planOf([{ task_id: 'a' }]), [outcome()]).results[0]
    const none = finish(planOf([{ task_id: 'a' }]), [failed('upstream_error', { model: 'other' })]).results[0]
    for (const result of [own, none]) expect([result?.fallback_reason, result?.warnings]).toEqual([undefined, []])
  })
})
