import { describe, expect, it } from 'vitest'
import { authorization, CHAT, custom, startService, type TestService } from '../../helpers/service.ts'
import { ASYNC, auditOf, cancel, ended, PLACES, read, viewOf } from './runs.ts'

const two = custom([{ task_id: 'first' }, { task_id: 'second', dependencies: ['first'] }])
const KEY = { 'idempotency-key': 'order-1' }

const post = (service: TestService, body: object, more: Record<string, string> = {}, claims: object = {}) =>
  service.execute(body, { ...authorization(claims), ...KEY, ...more })

const replayed = 'idempotency-replayed'

describe.each(PLACES)('Idempotency-Key ($name)', ({ env }) => {
  it('with the same body gives the same run, which is run once', async () => {
    const service = await startService({ env: await env() })
    const first = await post(service, two)
    expect([first.statusCode, first.headers[replayed]]).toEqual([200, undefined])
    const again = await post(service, two)
    expect([again.statusCode, again.headers[replayed]]).toEqual([200, 'true'])
    expect(again.json()).toEqual(first.json())
    expect(service.simulator.ledger.received).toBe(2)
    const runs = (await service.get('/v1/runs')).json().runs
    expect(runs).toHaveLength(1)
    const entries = (await auditOf(service)).filter(({ object }) => object === `run/${first.json().run_id}`)
    expect(entries).toMatchObject([{ action: 'run.create' }, { action: 'run.replay', actor: 'nurse-1' }])
  })

  it('at once twenty times gives one run: whoever comes later waits for it', async () => {
    const service = await startService({ env: await env(), simulator: { latencyMs: 50 } })
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(service, two)))
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(answers.map(() => 200))
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1)
    expect(answers.filter(({ headers }) => headers[replayed] === undefined)).toHaveLength(1)
    expect(service.simulator.ledger.received).toBe(2)
  })

  it('at once with other bodies gives one run, and 422 to the others', async () => {
    const service = await startService({ env: await env() })
    const bodies = [1, 2, 3, 4].map((n) => custom([{ task_id: `task-${n}` }]))
    const answers = await Promise.all(bodies.map((body) => post(service, body)))
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 422, 422, 422])
    expect(service.simulator.ledger.received).toBe(1)
  })

  it('with another body is refused with 422, whatever became of the first', async () => {
    const service = await startService({ env: await env() })
    await post(service, two)
    for (const [body, more] of [
      [custom([{ task_id: 'first' }]), {}],
      [{ ...two, priority: 3 }, {}],
      [custom([{ task_id: 'other' }]), ASYNC],
    ] as const) {
      const answer = await post(service, body, more)
      expect(answer.json()).toMatchObject({ status: 422, code: 'idempotency_mismatch' })
      expect(answer.json().errors).toMatchObject([{ field: 'Idempotency-Key' }])
    }
    expect(service.simulator.ledger.received).toBe(2)
  })

  it('belongs to its tenant', async () => {
    const service = await startService({ env: await env() })
    const mine = await post(service, two)
    const other = await post(service, custom([{ task_id: 'other' }]), {}, { tenant: 'other' })
    expect([other.statusCode, other.headers[replayed]]).toEqual([200, undefined])
    expect(other.json().run_id).not.toBe(mine.json().run_id)
  })

  it('gives a run that failed or was cancelled as it ended, without doing it again', async () => {
    const service = await startService({ env: await env() })
    const { ledger, setFaults } = service.server(CHAT)
    setFaults(() => ({ kind: 'status', status: 400 }))
    const failed = await post(service, two)
    expect(failed.json()).toMatchObject({ status: 502, code: 'run_failed' })
    const again = await post(service, two)
    expect([again.statusCode, again.headers[replayed]]).toEqual([200, 'true'])
    expect(again.json()).toEqual(failed.json().run)
    expect(ledger.received).toBe(1)

    setFaults(() => ({ kind: 'hang' }))
    const waiting = post(service, two, { 'idempotency-key': 'order-2' })
    await ledger.until(({ inFlight }) => inFlight === 1)
    const open = (await service.get('/v1/runs?limit=1')).json().runs
    await cancel(service, open[0].run_id)
    expect((await waiting).json().status).toBe('cancelled')
    const once = await post(service, two, { 'idempotency-key': 'order-2' })
    expect([once.statusCode, once.json().status]).toEqual([200, 'cancelled'])
  })

  it('with respond-async: 202 while it goes on, 200 when it has ended', async () => {
    const service = await startService({ env: await env(), simulator: { latencyMs: 100 } })
    const [first, second] = [await post(service, two, ASYNC), await post(service, two, ASYNC)]
    expect([first.statusCode, second.statusCode]).toEqual([202, 202])
    expect(second.headers).toMatchObject({
      [replayed]: 'true',
      location: first.headers.location,
      'preference-applied': 'respond-async',
    })
    const { run_id } = first.json()
    // Asked for without: this caller waits for the run of the other.
    const waited = await post(service, two)
    expect(waited.json()).toMatchObject({ run_id, status: 'succeeded' })
    const after = await post(service, two, ASYNC)
    expect([after.statusCode, after.headers[replayed], after.json().run_id]).toEqual([200, 'true', run_id])
  })
})

describe('Idempotency-Key', () => {
  it('keeps a run whose caller leaves: it goes on, and the key finds it', async () => {
    const service = await startService()
    const { ledger, setFaults } = service.server(CHAT)
    setFaults([{ kind: 'slow', ms: 200 }])
    const leaving = new AbortController()
    const gone = fetch(`${await service.listen()}/v1/workflows/execute`, {
      method: 'POST',
      headers: { ...authorization(), ...KEY, 'content-type': 'application/json' },
      body: JSON.stringify(two),
      signal: leaving.signal,
    })
    await ledger.until(({ inFlight }) => inFlight === 1)
    leaving.abort()
    await expect(gone).rejects.toThrow()
    const answer = await post(service, two)
    expect([answer.statusCode, answer.headers[replayed], answer.json().status]).toEqual([200, 'true', 'succeeded'])
    expect(ledger.received).toBe(2)
  })

  it('of a stream that is asked for again while it goes on tells all of it from the beginning', async () => {
    const service = await startService({ simulator: { latencyMs: 100 } })
    const stream = { accept: 'text/event-stream' }
    const [first, second] = await Promise.all([post(service, two, stream), post(service, two, stream)])
    const [told, toldAgain] = [await read(first.body), await read(second.body)].map((events) =>
      events.filter(({ id }) => id !== null),
    )
    expect(toldAgain).toEqual(told)
    expect(told?.at(-1)).toMatchObject({ event: 'run.finished', data: { status: 'succeeded' } })
    expect(service.simulator.ledger.received).toBe(2)
    const later = await read((await post(service, two, stream)).body)
    expect(later.map(({ event, data }) => ({ event, data }))).toEqual([
      { event: 'run.finished', data: told?.at(-1)?.data },
    ])
  })

  it('of a stream whose run failed ends with the same problem again', async () => {
    const service = await startService()
    service.server(CHAT).setFaults(() => ({ kind: 'status', status: 400 }))
    const stream = { accept: 'text/event-stream' }
    const last = async () => (await read((await post(service, two, stream)).body)).at(-1)?.data
    const { instance: _, ...first } = (await last()) ?? {}
    expect(first).toMatchObject({ status: 502, code: 'run_failed' })
    expect(await last()).toMatchObject(first)
  })

  it('is taken by no request that is refused', async () => {
    const service = await startService()
    expect((await post(service, { workflow_type: 'nothing', context: {} })).statusCode).toBe(400)
    expect((await post(service, two)).statusCode).toBe(200)
  })

  it('works on the discharge-summary route, for the same run as on execute', async () => {
    const service = await startService()
    const context = { patient_data: 'Pneumonia.', admission_date: '2026-11-02', discharge_date: '2026-11-07' }
    const first = await service.app.inject({
      method: 'POST',
      url: '/v1/workflows/discharge-summary',
      headers: { ...authorization(), ...KEY },
      payload: context,
    })
    const again = await post(service, { workflow_type: 'discharge_summary', context })
    expect(again.headers[replayed]).toBe('true')
    expect(again.json()).toEqual(first.json())
  })

  it('that is none is refused with 400', async () => {
    const service = await startService()
    const answer = await post(service, two, { 'idempotency-key': 'two words' })
    expect(answer.json()).toMatchObject({ status: 400, errors: [{ field: 'Idempotency-Key' }] })
  })

  it('shows its run like any other', async () => {
    const service = await startService()
    const { run_id } = (await post(service, two)).json()
    expect(await viewOf(service, run_id)).toMatchObject({ status: 'succeeded', started_at: expect.any(String) })
    expect((await ended(service, run_id)).results).toHaveLength(2)
  })
})
