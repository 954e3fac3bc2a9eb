import { describe, expect, it } from 'vitest'
import { authorization, CHAT, custom, startService } from '../../helpers/service.ts'
import { auditOf, cancel, ended, eventsOf, PLACES, submit, verified, viewOf } from './runs.ts'

const two = custom([{ task_id: 'first' }, { task_id: 'second', dependencies: ['first'] }])

describe.each(PLACES)('POST /v1/runs/{id}/cancel ($name)', ({ env }) => {
  it('ends a run that is at work, with what it has, and aborts its calls', async () => {
    const service = await startService({ env: await env() })
    const { ledger, setFaults } = service.server(CHAT)
    setFaults([{ kind: 'slow', ms: 0 }, { kind: 'hang' }])
    const run_id = await submit(service, two)
    await ledger.until(({ received, inFlight }) => received === 2 && inFlight === 1)
    const answer = await cancel(service, run_id)
    expect([answer.statusCode, answer.json().run_id]).toEqual([202, run_id])
    const view = await ended(service, run_id)
    expect(view).toMatchObject({ status: 'cancelled', success: false })
    expect(view.results.map(({ status }) => status)).toEqual(['succeeded', 'cancelled'])
    expect(ledger.aborted).toBe(1)
    expect((await cancel(service, run_id)).json()).toEqual({ run_id, status: 'cancelled' })
    expect(await viewOf(service, run_id)).toEqual(view)
  })

  it('ends a run for which somebody waits, and that caller gets what there is', async () => {
    const service = await startService({ env: await env() })
    const { ledger, setFaults } = service.server(CHAT)
    setFaults([{ kind: 'slow', ms: 0 }, { kind: 'hang' }])
    const waiting = service.execute(two)
    await ledger.until(({ received, inFlight }) => received === 2 && inFlight === 1)
    const [{ run_id }] = (await service.get('/v1/runs')).json().runs
    expect((await cancel(service, run_id)).statusCode).toBe(202)
    expect((await waiting).json()).toMatchObject({ run_id, status: 'cancelled', success: false })
    expect((await viewOf(service, run_id)).status).toBe('cancelled')
  })

  it('leaves a run that has ended as it is, and says so', async () => {
    const service = await startService({ env: await env() })
    const run_id = await submit(service, two)
    const view = await ended(service, run_id)
    const answer = await cancel(service, run_id)
    expect([answer.statusCode, answer.json()]).toEqual([202, { run_id, status: 'succeeded' }])
    expect(await viewOf(service, run_id)).toEqual(view)
    const [entry] = (await auditOf(service)).filter(({ action }) => action === 'run.cancel')
    expect(entry).toMatchObject({ object: `run/${run_id}`, outcome: 'refused: finished' })
  })

  it('takes no body, an empty one or an empty object, and refuses a member that it does not know', async () => {
    const service = await startService({ env: await env() })
    const run_id = await submit(service, two)
    await ended(service, run_id)
    const post = (payload?: object) =>
      service.app.inject({
        method: 'POST',
        url: `/v1/runs/${run_id}/cancel`,
        headers: authorization(),
        ...(payload && { payload }),
      })
    expect((await post()).statusCode).toBe(202)
    expect((await post({})).statusCode).toBe(202)
    const refused = await post({ reason: 'wrong patient' })
    expect(refused.json()).toMatchObject({ status: 400, code: 'invalid_request', errors: [{ field: 'reason' }] })
    expect(refused.body).not.toContain('wrong patient')
    const entries = (await auditOf(service)).filter(({ action }) => action === 'run.cancel')
    expect(entries).toHaveLength(2)
  })

  it('of another tenant is 404, changes nothing, and leaves its trace with who tried', async () => {
    const service = await startService({ env: await env(), simulator: { latencyMs: 100 } })
    const run_id = await submit(service, two)
    const answer = await cancel(service, run_id, authorization({ tenant: 'other', subject: 'eve' }))
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'not_found'])
    expect((await ended(service, run_id)).status).toBe('succeeded')
    expect(await auditOf(service, 'other')).toMatchObject([
      { actor: 'eve', action: 'run.cancel', outcome: 'refused: not_found' },
    ])
  })

  it('racing the end: one terminal state, the same for whoever asks, and an audit that fits it', async () => {
    const service = await startService({ env: await env() })
    for (let n = 0; n < 12; n++) {
      const run_id = await submit(service, custom([{ task_id: 'only' }]))
      for (let turn = 0; turn < n * 3; turn++) await new Promise((resolve) => setImmediate(resolve))
      const answers = await Promise.all([1, 2, 3].map(() => cancel(service, run_id)))
      expect(answers.map(({ statusCode }) => statusCode)).toEqual([202, 202, 202])
      const view = await ended(service, run_id)
      expect(['succeeded', 'cancelled']).toContain(view.status)
      const last = (await eventsOf(service, run_id)).at(-1)
      expect(last).toMatchObject({ event: 'run.finished', data: { status: view.status } })
      expect((await cancel(service, run_id)).json().status).toBe(view.status)
      const entries = (await auditOf(service)).filter(
        ({ action, object }) => action === 'run.cancel' && object === `run/${run_id}`,
      )
      expect(entries).toHaveLength(4)
      // A run that nobody could cancel any more was not cancelled.
      if (entries.every(({ outcome }) => outcome === 'refused: finished')) expect(view.status).toBe('succeeded')
      expect(entries.at(-1)?.outcome).toBe('refused: finished')
    }
    expect(await verified(service)).toBe(true)
  })
})

describe('POST /v1/runs/{id}/cancel', () => {
  it('ends a run that waits for its turn, and nothing of it is ever asked; another that waits begins when there is room', async () => {
    const service = await startService()
    const { ledger, setFaults } = service.server(CHAT)
    setFaults(() => ({ kind: 'hang' }))
    // As many as one process has in hand.
    const first: string[] = []
    for (let n = 0; n < 256; n++) first.push(await submit(service, custom([{ task_id: 'only' }])))
    const run_id = await submit(service, custom([{ task_id: 'behind' }]))
    const next = await submit(service, two)
    expect(await viewOf(service, run_id)).toMatchObject({ status: 'queued', started_at: null, results: [] })
    await cancel(service, run_id)
    expect((await ended(service, run_id)).status).toBe('cancelled')
    expect((await eventsOf(service, run_id))[0]).toMatchObject({ id: 1, event: 'run.started' })
    setFaults([])
    await Promise.all(first.map((id) => cancel(service, id)))
    const history = (await eventsOf(service, next)).filter(({ id }) => id !== null)
    const begun = ['task.queued', 'task.started', 'task.succeeded']
    expect(history.map(({ event }) => event)).toEqual(['run.started', ...begun, ...begun, 'run.finished'])
    for (const id of first) expect((await ended(service, id)).status).toBe('cancelled')
    await ledger.idle()
    expect(ledger.entries.filter(({ messages }) => JSON.stringify(messages).includes('behind'))).toEqual([])
  })

  it('needs the scope of those who start runs', async () => {
    const service = await startService()
    const run_id = await submit(service, two)
    const answer = await cancel(service, run_id, authorization({ scopes: ['runs:read', 'runs:approve', 'admin'] }))
    expect(answer.statusCode).toBe(403)
    expect((await ended(service, run_id)).status).toBe('succeeded')
  })
})
