import { describe, expect, it } from 'vitest'
import type { RosterFile } from '../../../src/contract/roster.ts'
import { builtinRoster } from '../../../src/models/builtin-roster.ts'
import { authorization, CHAT, CLINICAL, custom, INSURANCE, MEDICAL_QA, startService } from '../../helpers/service.ts'

const slots = (model: string, count: number): RosterFile => ({
  ...builtinRoster,
  models: builtinRoster.models.map((one) => (one.id === model ? { ...one, slots: count } : one)),
})

/** Posts over a real connection, so that leaving it counts. */
function post(url: string, body: object) {
  const leaving = new AbortController()
  const answer = fetch(`${url}/v1/workflows/execute`, {
    method: 'POST',
    headers: { ...authorization(), 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: leaving.signal,
  })
  answer.catch(() => undefined)
  return { answer, leave: () => leaving.abort() }
}

describe('a lane whose queue is full', () => {
  /** A Chat server that hangs with its one call, and one more waiting: all that LANE_QUEUE_MAX=1 lets in. */
  async function full() {
    const service = await startService({ env: { LANE_QUEUE_MAX: '1' }, simulator: { roster: slots(CHAT, 1) } })
    const { ledger, setFaults } = service.server(CHAT)
    const url = await service.listen()
    setFaults([{ kind: 'hang' }])
    const hanging = post(url, custom([{ task_id: 'hanging' }]))
    await ledger.until(({ inFlight }) => inFlight === 1)
    const waiting = service.execute(custom([{ task_id: 'waiting' }]))
    const queued = () => service.app.service.viewRoster().models.find(({ id }) => id === CHAT)?.queued
    while (queued() !== 1) await new Promise((resolve) => setImmediate(resolve))
    const free = async () => {
      hanging.leave()
      await expect(hanging.answer).rejects.toThrow('aborted')
      expect((await waiting).statusCode).toBe(200)
    }
    return { service, ledger, free, queued }
  }

  it('refuses a run whole with 503 and Retry-After, before any of its tasks starts', async () => {
    const { service, free } = await full()
    const mixed = custom([{ task_id: 'elsewhere', agent_type: 'Clinical' }, { task_id: 'here' }])
    const refused = await service.execute(mixed)
    expect(refused.statusCode).toBe(503)
    expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/)
    expect(refused.headers['content-type']).toBe('application/problem+json')
    expect(refused.json()).toMatchObject({ code: 'overloaded', status: 503 })
    expect(service.server(CLINICAL).ledger.received).toBe(0)
    await free()
    expect((await service.execute(mixed)).statusCode).toBe(200)
  })

  it('refuses a stream the same way, with a problem and no events', async () => {
    const { service, free } = await full()
    const headers = { ...authorization(), accept: 'text/event-stream' }
    const refused = await service.execute(custom([{ task_id: 'here' }]), headers)
    expect(refused.statusCode).toBe(503)
    expect(refused.json()).toMatchObject({ code: 'overloaded' })
    await free()
  })

  it('lets runs in that need other lanes, and those whose later tasks need this one', async () => {
    const { service, free, queued } = await full()
    expect((await service.execute(custom([{ task_id: 'x', agent_type: 'Clinical' }]))).statusCode).toBe(200)
    const later = service.execute(
      custom([
        { task_id: 'first', agent_type: 'Clinical' },
        { task_id: 'then', dependencies: ['first'] },
      ]),
    )
    while (queued() !== 2) await new Promise((resolve) => setImmediate(resolve))
    await free()
    expect((await later).json()).toMatchObject({ status: 'succeeded' })
  })

  it('counts as refused, in the log and in the metrics, and not as a run', async () => {
    const { service, free } = await full()
    await service.execute(custom([{ task_id: 'here' }]))
    expect(await service.line('request refused')).toMatchObject({ status: 503, code: 'overloaded' })
    const { text } = await service.app.service.scrape()
    expect(text).toContain('\nconsilium_runs_in_flight 2\n')
    expect(text).toMatch(
      /http_request_duration_seconds_count\{method="POST",route="\/v1\/workflows\/execute",status="503"\} 1/,
    )
    await free()
  })
})

describe('a lane whose queue takes longer than a run may', () => {
  it('refuses the run with 503 and when to come back; a more patient one is let in', async () => {
    const service = await startService({ simulator: { roster: slots(CHAT, 1), latencyMs: 100 } })
    await service.execute(custom([{ task_id: 'shows_the_usual_time' }]))
    const long = service.execute(custom(Array.from({ length: 10 }, (_, n) => ({ task_id: `t${n}` }))))
    while (service.app.service.viewRoster().models.find(({ id }) => id === CHAT)?.queued !== 9)
      await new Promise((resolve) => setImmediate(resolve))
    const refused = await service.execute(custom([{ task_id: 'hurried' }], { timeout_ms: 100 }))
    expect(refused.json()).toMatchObject({ status: 503, code: 'overloaded' })
    expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/)
    const patient = service.execute(custom([{ task_id: 'patient' }]))
    expect((await long).statusCode).toBe(200)
    expect((await patient).statusCode).toBe(200)
    expect(service.server(CHAT).ledger.received).toBe(12)
  })
})

describe('the tasks of a run that was let in', () => {
  it('are queued however many they are: LANE_QUEUE_MAX refuses runs, not tasks', async () => {
    const service = await startService({
      env: { LANE_QUEUE_MAX: '1' },
      simulator: { roster: slots(CHAT, 1), latencyMs: 1 },
    })
    const response = await service.execute(custom(Array.from({ length: 50 }, (_, n) => ({ task_id: `t${n}` }))))
    expect(response.json()).toMatchObject({ status: 'succeeded', metadata: { num_tasks: 50 } })
    expect(service.server(CHAT).ledger.maxInFlight).toBe(1)
  })
})

describe('two workflows', () => {
  it('run at once on different GPUs, while on the same GPU the second visibly waits for the first', async () => {
    const roster = { ...builtinRoster, gpus: [{ id: 0, max_concurrent: 1 }, { id: 1 }] }
    const service = await startService({ simulator: { roster } })
    const url = await service.listen()
    service.server(CLINICAL).setFaults([{ kind: 'hang' }])
    const first = post(url, { workflow_type: 'lab_report', context: { lab_results: 'K 5.1', patient_info: 'F, 63' } })
    await service.server(CLINICAL).ledger.until(({ inFlight }) => inFlight === 1)

    const neighbour = service.execute(custom([{ task_id: 'question', agent_type: 'MedicalQA' }]))
    const other = await service.execute(custom([{ task_id: 'claim', agent_type: 'Claims' }]))
    expect(other.json()).toMatchObject({
      status: 'succeeded',
      results: [{ model: INSURANCE, gpu: 1, queue_ms: expect.any(Number) }],
    })

    const view = (await service.get('/v1/roster')).json()
    expect(view.gpus).toMatchObject([
      { id: 0, busy: 1, max_concurrent: 1 },
      { id: 1, busy: 0 },
    ])
    expect(view.models.find(({ id }: { id: string }) => id === MEDICAL_QA)).toMatchObject({ busy: 0, queued: 1 })
    const { text } = await service.app.service.scrape()
    expect(text).toContain(`consilium_lane_queued{model="${MEDICAL_QA}",gpu="0"} 1`)
    expect(service.server(MEDICAL_QA).ledger.received).toBe(0)

    first.leave()
    const waited = (await neighbour).json()
    expect(waited.status).toBe('succeeded')
    expect(waited.metadata.queue_time_ms).toBeGreaterThan(other.json().metadata.queue_time_ms)
  })
})
