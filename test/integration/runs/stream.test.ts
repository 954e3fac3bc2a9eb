import { describe, expect, it } from 'vitest'
import type { ExecuteResponse } from '../../../src/contract/result.ts'
import { CHAT, CLINICAL, custom, INSURANCE, MEDICAL_QA, run, STAY, startService } from '../../helpers/service.ts'
import { converse, dataOf, type Told } from '../../helpers/stream.ts'

const discharge = { workflow_type: 'discharge_summary', context: STAY }

/** Into how many deltas a text falls depends on how fast it is read. */
const withoutDeltas = (events: readonly Told[]) => events.filter(({ event }) => event !== 'task.delta')

describe('a run as a stream of events', () => {
  it('begins with run.started, ends with run.finished, and counts ids from 1', async () => {
    const service = await startService()
    const { response, rest } = await converse(service, discharge)
    const events = await rest()
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(events.map(({ id }) => id)).toEqual(events.map((_, at) => String(at + 1)))
    expect(events[0]?.event).toBe('run.started')
    expect(events.at(-1)?.event).toBe('run.finished')
    expect(
      withoutDeltas(events)
        .map(({ event }) => event)
        .sort(),
    ).toEqual([
      'run.finished',
      'run.started',
      'task.queued',
      'task.queued',
      'task.started',
      'task.started',
      'task.succeeded',
      'task.succeeded',
    ])
  })

  it('carries each answer piece by piece between its start and its end', async () => {
    const events = await (await converse(await startService(), discharge)).rest()
    const [finished] = dataOf(events, 'run.finished') as [ExecuteResponse]
    const deltas = dataOf(events, 'task.delta')
    for (const { task_id, content } of finished.results) {
      expect(content).toMatch(/\S/)
      expect(
        deltas
          .filter((data) => data.task_id === task_id)
          .map(({ delta }) => delta)
          .join(''),
      ).toBe(content)
      const own = events.filter(({ data }) => 'task_id' in data && data.task_id === task_id).map(({ event }) => event)
      expect(own.slice(0, 2)).toEqual(['task.queued', 'task.started'])
      expect(own.at(-1)).toBe('task.succeeded')
    }
  })

  it('tells the plan first, and each task’s way in order', async () => {
    const service = await startService()
    const body = {
      workflow_type: 'insurance_claim',
      context: { procedure: 'MRI', diagnosis: 'M23', patient_data: 'W, 44' },
    }
    const events = await (await converse(service, body)).rest()
    expect(dataOf(events, 'run.started')).toEqual([
      {
        run_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        workflow_type: 'insurance_claim',
        tasks: [
          {
            task_id: 'medical_necessity',
            agent_type: 'MedicalQA',
            planned_model: MEDICAL_QA,
            gpu: 0,
            dependencies: [],
          },
          {
            task_id: 'claim_form',
            agent_type: 'Claims',
            planned_model: INSURANCE,
            gpu: 1,
            dependencies: ['medical_necessity'],
          },
        ],
      },
    ])
    expect(withoutDeltas(events).map(({ event, data }) => [event, 'task_id' in data ? data.task_id : null])).toEqual([
      ['run.started', null],
      ['task.queued', 'medical_necessity'],
      ['task.started', 'medical_necessity'],
      ['task.succeeded', 'medical_necessity'],
      ['task.queued', 'claim_form'],
      ['task.started', 'claim_form'],
      ['task.succeeded', 'claim_form'],
      ['run.finished', null],
    ])
    expect(dataOf(events, 'task.started')[1]).toMatchObject({ attempt: 1, model: INSURANCE, gpu: 1 })
  })

  it('finishes with what the JSON answer holds', async () => {
    const service = await startService()
    const [finished] = dataOf(await (await converse(service, discharge)).rest(), 'run.finished')
    const plain = await run(service, discharge)
    expect(finished).toMatchObject({ status: 'succeeded', aggregated_content: plain.aggregated_content })
    expect(Object.keys(finished ?? {})).toEqual(Object.keys(plain))
  })

  it('arrives while the run goes on', async () => {
    const service = await startService()
    service.server(CHAT).setFaults([{ kind: 'hang' }])
    const { next, rest } = await converse(service, custom([{ task_id: 'a', timeout_ms: 500 }]))
    expect([(await next())?.event, (await next())?.event, (await next())?.event]).toEqual([
      'run.started',
      'task.queued',
      'task.started',
    ])
    const remaining = await rest()
    expect(remaining.map(({ event }) => event)).toEqual(['task.failed', 'run.finished'])
  })

  it('tells retries, fallbacks, failures and skips with their codes', async () => {
    const service = await startService()
    service.server(CLINICAL).setFaults(() => ({ kind: 'status', status: 503, retry_after: '0' }))
    service.server(CHAT).setFaults(() => ({ kind: 'empty' }))
    const tasks = [
      { task_id: 'moved', agent_type: 'Clinical' },
      { task_id: 'failed' },
      { task_id: 'skipped', dependencies: ['failed'] },
    ]
    const events = await (await converse(service, custom(tasks))).rest()
    const moved = dataOf(events, 'task.started').filter(({ task_id }) => task_id === 'moved')
    expect(moved.map(({ attempt, model, hedge }) => [attempt, model, hedge])).toEqual([
      [1, CLINICAL, false],
      [2, CLINICAL, false],
      [3, CLINICAL, false],
      [4, MEDICAL_QA, false],
    ])
    expect(dataOf(events, 'task.retried')).toMatchObject(
      [1, 2, 3].map((attempt) => ({ task_id: 'moved', attempt, code: 'upstream_error', discard: false })),
    )
    expect(dataOf(events, 'task.failed')).toMatchObject([{ task_id: 'failed', code: 'empty_output', discard: true }])
    expect(dataOf(events, 'task.skipped')).toMatchObject([
      { task_id: 'skipped', code: 'dependency_failed', cause: 'failed', discard: true },
    ])
    expect(dataOf(events, 'task.succeeded')).toMatchObject([{ task_id: 'moved', model: MEDICAL_QA, truncated: false }])
    expect(dataOf(events, 'run.finished')).toMatchObject([{ status: 'partial', success: false }])
  })

  it('finishes with the problem when no task succeeds', async () => {
    const service = await startService()
    service.server(CHAT).setFaults(() => ({ kind: 'empty' }))
    const { response, rest } = await converse(service, custom([{ task_id: 'a' }]))
    expect(response.status).toBe(200)
    expect(dataOf(await rest(), 'run.finished')).toMatchObject([
      { type: 'urn:consilium:problem:run_failed', status: 502, code: 'run_failed', run: { status: 'failed' } },
    ])
  })

  it('finishes with the problem when the run passes its deadline', async () => {
    const service = await startService()
    service.server(CHAT).setFaults(() => ({ kind: 'hang' }))
    const events = await (await converse(service, custom([{ task_id: 'a' }], { timeout_ms: 150 }))).rest()
    expect(dataOf(events, 'task.skipped')).toMatchObject([
      { task_id: 'a', code: 'cancelled', cause: null, discard: true },
    ])
    expect(dataOf(events, 'run.finished')).toMatchObject([
      { status: 504, code: 'run_timeout', run: { results: [{ status: 'cancelled' }] } },
    ])
  })

  it('carries text of any script, line breaks and all', async () => {
    const text = 'Zeile 1\nZeile 2\r\n\r\ndata: not one\nevent: x\n患者 😀 \u2028 end'
    const service = await startService({ simulator: { reply: () => text } })
    const [finished] = dataOf(await (await converse(service, custom([{ task_id: 'a' }]))).rest(), 'run.finished')
    expect(finished).toMatchObject({ results: [{ content: text }] })
  })
})

describe('a refused request that asked for events', () => {
  it.each<[string, object, Record<string, string>, number]>([
    ['a bad request', { workflow_type: 'nope' }, {}, 400],
    ['missing context', { workflow_type: 'parallel_qa' }, {}, 400],
    ['no token', discharge, { authorization: 'Bearer x' }, 401],
  ])('gets an ordinary problem and no stream: %s', async (_name, body, headers, status) => {
    const service = await startService()
    const { response } = await converse(service, body, headers)
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({ status })
    expect(service.simulator.ledger.received).toBe(0)
  })
})
