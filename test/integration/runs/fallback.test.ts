import { describe, expect, it } from 'vitest'
import {
  CHAT,
  CLINICAL,
  custom,
  INSURANCE,
  MEDICAL_QA,
  queued,
  resultOf,
  run,
  startService,
} from '../../helpers/service.ts'
import { hold } from '../../helpers/stream.ts'

const clinical = (more: object = {}) => custom([{ task_id: 'a', agent_type: 'Clinical', ...more }])

const outcomes = ({ attempts }: { attempts: { model: string; outcome: string }[] }) =>
  attempts.map(({ model, outcome }) => [model, outcome])

describe('a task whose model fails', () => {
  it('is done by the fallback, and the result says which model, where and why', async () => {
    const service = await startService()
    service.server(CLINICAL).setFaults(() => ({ kind: 'malformed' }))
    const response = await run(service, clinical())
    const { url } = service.server(MEDICAL_QA)
    expect(response).toMatchObject({ status: 'succeeded', success: true, metadata: { errors: [] } })
    expect(resultOf(response, 'a')).toMatchObject({
      model: MEDICAL_QA,
      planned_model: CLINICAL,
      backend: url,
      gpu: 0,
      error: null,
    })
    expect(resultOf(response, 'a').attempts).toMatchObject([
      { model: CLINICAL, url: service.server(CLINICAL).url, outcome: 'bad_upstream_response' },
      { model: MEDICAL_QA, url, outcome: 'ok' },
    ])
    expect(response.aggregated_content).toContain(
      `[FALLBACK: written by ${MEDICAL_QA} in place of ${CLINICAL}, which gave no usable answer.]`,
    )
    expect(resultOf(response, 'a').retry_ms).toBeGreaterThanOrEqual(
      resultOf(response, 'a').attempts[0]?.latency_ms ?? NaN,
    )
  })

  it('may be done on another GPU', async () => {
    const service = await startService()
    await service.server(INSURANCE).refuse()
    const response = await run(service, custom([{ task_id: 'a', agent_type: 'Billing' }]))
    expect(resultOf(response, 'a')).toMatchObject({ model: MEDICAL_QA, planned_model: INSURANCE, gpu: 0 })
    expect(outcomes(resultOf(response, 'a'))).toEqual([
      ...Array(3).fill([INSURANCE, 'upstream_unreachable']),
      [MEDICAL_QA, 'ok'],
    ])
  })

  it('keeps time for the fallback when its own server hangs', async () => {
    const service = await startService()
    service.server(CLINICAL).setFaults(() => ({ kind: 'hang' }))
    const response = await run(service, clinical({ timeout_ms: 1000 }))
    expect(outcomes(resultOf(response, 'a'))).toEqual([
      [CLINICAL, 'upstream_timeout'],
      [MEDICAL_QA, 'ok'],
    ])
    expect(resultOf(response, 'a').status).toBe('succeeded')
    await service.simulator.ledger.idle()
    expect(service.server(CLINICAL).ledger.aborted).toBe(1)
  })

  it('keeps time for the fallback before the run’s own deadline too', async () => {
    const service = await startService()
    service.server(CLINICAL).setFaults(() => ({ kind: 'hang' }))
    const response = await run(service, custom([{ task_id: 'a', agent_type: 'Clinical' }], { timeout_ms: 1000 }))
    expect(outcomes(resultOf(response, 'a'))).toEqual([
      [CLINICAL, 'upstream_timeout'],
      [MEDICAL_QA, 'ok'],
    ])
  })

  it('fails with the code of the last attempt when the fallback fails too', async () => {
    const service = await startService()
    service.server(CLINICAL).setFaults(() => ({ kind: 'status', status: 404 }))
    service.server(MEDICAL_QA).setFaults(() => ({ kind: 'empty' }))
    const { run: ended } = (await service.execute(clinical())).json()
    expect(ended.results[0]).toMatchObject({ status: 'failed', model: MEDICAL_QA, error: { code: 'empty_output' } })
    expect(outcomes(ended.results[0])).toEqual([
      [CLINICAL, 'upstream_rejected'],
      [MEDICAL_QA, 'empty_output'],
    ])
  })

  it('fails on its own model when the agent has no fallback', async () => {
    const service = await startService()
    service.server(CHAT).setFaults(() => ({ kind: 'malformed' }))
    const { run: ended } = (await service.execute(custom([{ task_id: 'a' }]))).json()
    expect(outcomes(ended.results[0])).toEqual([[CHAT, 'bad_upstream_response']])
    expect(service.simulator.ledger.received).toBe(1)
  })

  it('goes to a model with a larger context when its document is too large for its own', async () => {
    const service = await startService()
    const context = { note: 'Stable overnight. '.repeat(600) }
    const response = await run(
      service,
      custom([{ task_id: 'a', agent_type: 'Triage', prompt: '{{context.note}}' }], { context }),
    )
    expect(outcomes(resultOf(response, 'a'))).toEqual([
      ['Tiny-LLaMA-1.1B-Medical', 'context_overflow'],
      [MEDICAL_QA, 'ok'],
    ])
    expect(service.server('Tiny-LLaMA-1.1B-Medical').ledger.received).toBe(0)
  })

  it('goes straight to the fallback while the breaker of its server is open', async () => {
    const service = await startService({ env: { BREAKER_COOLDOWN_MS: '600000' } })
    service.server(CLINICAL).setFaults(() => ({ kind: 'malformed' }))
    for (let count = 0; count < 5; count++) await run(service, clinical())
    const response = await run(service, clinical())
    expect(outcomes(resultOf(response, 'a'))).toEqual([
      [CLINICAL, 'breaker_open'],
      [MEDICAL_QA, 'ok'],
    ])
    expect(service.server(CLINICAL).ledger.received).toBe(5)
  })

  it('is turned away from a fallback whose queue is full', async () => {
    const service = await startService({ env: { LANE_QUEUE_MAX: '1' }, simulator: { slots: 1 } })
    service.server(CLINICAL).setFaults(() => ({ kind: 'status', status: 400 }))
    const release = await hold(service, MEDICAL_QA, 'MedicalQA')
    const waiting = service.execute(custom([{ task_id: 'waits', agent_type: 'MedicalQA' }]))
    await queued(service, MEDICAL_QA, 1)
    const { run: ended } = (await service.execute(clinical())).json()
    expect(outcomes(ended.results[0])).toEqual([
      [CLINICAL, 'upstream_rejected'],
      [MEDICAL_QA, 'queue_full'],
    ])
    expect(ended.results[0].error.code).toBe('queue_full')
    await Promise.all([release(), waiting])
  })
})
