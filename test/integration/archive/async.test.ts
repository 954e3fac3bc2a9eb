import { describe, expect, it } from 'vitest'
import { authorization, CHAT, custom, STAY, startService } from '../../helpers/service.ts'
import { ASYNC, auditOf, ended, eventsOf, PLACES, submit, viewOf } from './runs.ts'

const RUN_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/
const two = custom([{ task_id: 'first' }, { task_id: 'second', dependencies: ['first'] }])

describe.each(PLACES)('Prefer: respond-async ($name)', ({ env }) => {
  it('is answered 202 with where the run is, and the run ends without its caller', async () => {
    const service = await startService({ env: await env() })
    const accepted = await service.execute(
      { workflow_type: 'discharge_summary', context: STAY },
      { ...authorization(), ...ASYNC },
    )
    expect(accepted.statusCode).toBe(202)
    const { run_id } = accepted.json()
    expect(accepted.json()).toEqual({ run_id: expect.stringMatching(RUN_ID), status: 'queued' })
    expect(accepted.headers).toMatchObject({
      location: `/v1/runs/${run_id}`,
      'preference-applied': 'respond-async',
    })
    expect(accepted.headers['idempotency-replayed']).toBeUndefined()
    const view = await ended(service, run_id)
    expect(view).toMatchObject({ run_id, status: 'succeeded', success: true, workflow_type: 'discharge_summary' })
    expect(view.aggregated_content).toContain('=== DISCHARGE SUMMARY ===')
    expect(view.results.map(({ status }) => status)).toEqual(['succeeded', 'succeeded'])
    const [created, started, finished] = [view.created_at, view.started_at, view.finished_at].map((at) =>
      Date.parse(at as string),
    ) as [number, number, number]
    expect(created).toBeLessThanOrEqual(started)
    expect(started).toBeLessThanOrEqual(finished)
    expect(service.simulator.ledger.received).toBe(2)
  })

  it('shows what is done while the run goes on', async () => {
    const service = await startService({ env: await env() })
    const { ledger, setFaults } = service.server(CHAT)
    const run_id = await submit(service, custom([{ task_id: 'first' }]))
    await ended(service, run_id)
    setFaults([
      { kind: 'slow', ms: 0 },
      { kind: 'slow', ms: 1000 },
    ])
    const next = await submit(service, two)
    await ledger.until(({ received }) => received === 3)
    // What is recorded follows what is done by a moment.
    await expect.poll(async () => (await viewOf(service, next)).results.length).toBe(1)
    const view = await viewOf(service, next)
    expect(view).toMatchObject({
      run_id: next,
      status: 'running',
      success: false,
      aggregated_content: null,
      metadata: null,
      total_latency_ms: null,
      document_status: null,
      finished_at: null,
      approvals: [],
    })
    expect(view.results.map(({ task_id }) => task_id)).toEqual(['first'])
    expect(view.started_at).not.toBeNull()
    expect((await ended(service, next)).results).toHaveLength(2)
  })

  it('takes a run whose tasks all fail: it ends as failed, and is read with 200', async () => {
    const service = await startService({ env: await env() })
    service.server(CHAT).setFaults(() => ({ kind: 'status', status: 400 }))
    const run_id = await submit(service, two)
    const view = await ended(service, run_id)
    expect(view).toMatchObject({ status: 'failed', success: false })
    expect(view.metadata?.errors.map(({ code }) => code)).toEqual(['upstream_rejected', 'dependency_failed'])
    const last = (await eventsOf(service, run_id)).at(-1)
    expect(last).toMatchObject({ event: 'run.finished', data: { status: 502, code: 'run_failed', run: { run_id } } })
  })

  it('lists the runs of a tenant, the newest first, page by page and filtered', async () => {
    const service = await startService({ env: await env() })
    const ids: string[] = []
    for (let n = 0; n < 3; n++) ids.unshift(await submit(service, two))
    for (const run_id of ids) await ended(service, run_id)
    await service.execute({ workflow_type: 'discharge_summary', context: STAY })
    const other = authorization({ tenant: 'other' })
    await service.execute(two, other)
    const list = async (query: string, headers = authorization()) =>
      (await service.get(`/v1/runs?${query}`, headers)).json()
    const all = await list('')
    expect(all.runs).toHaveLength(4)
    expect(all.next_cursor).toBeNull()
    expect(all.runs.slice(1).map(({ run_id }: { run_id: string }) => run_id)).toEqual(ids)
    expect(all.runs[0]).toEqual({
      run_id: expect.stringMatching(RUN_ID),
      workflow_type: 'discharge_summary',
      status: 'succeeded',
      mode: 'sync',
      created_at: expect.any(String),
      started_at: expect.any(String),
      finished_at: expect.any(String),
    })
    const paged: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await list(`limit=3${cursor && `&cursor=${cursor}`}`)
      paged.push(...page.runs.map(({ run_id }: { run_id: string }) => run_id))
      cursor = page.next_cursor
    }
    expect(paged).toEqual(all.runs.map(({ run_id }: { run_id: string }) => run_id))
    expect((await list('workflow_type=custom')).runs).toHaveLength(3)
    expect((await list('status=failed')).runs).toEqual([])
    expect((await list('status=succeeded&workflow_type=discharge_summary')).runs).toHaveLength(1)
    expect((await list('', other)).runs).toHaveLength(1)
  })

  it('refuses before anything is kept what cannot be planned', async () => {
    const service = await startService({ env: await env() })
    const ask = (body: object) => service.execute(body, { ...authorization(), ...ASYNC })
    expect((await ask({ workflow_type: 'nothing', context: {} })).json()).toMatchObject({ code: 'unknown_workflow' })
    expect((await ask({ workflow_type: 'discharge_summary', context: {} })).json().code).toBe('missing_context')
    expect((await service.get('/v1/runs')).json().runs).toEqual([])
  })
})

describe('Prefer: respond-async', () => {
  it('goes before Accept: a stream is asked for afterwards', async () => {
    const service = await startService()
    const accepted = await service.execute(two, { ...authorization(), ...ASYNC, accept: 'text/event-stream' })
    expect([accepted.statusCode, accepted.headers['content-type']]).toEqual([202, 'application/json; charset=utf-8'])
    expect((await ended(service, accepted.json().run_id)).status).toBe('succeeded')
  })

  it('works on the discharge-summary route too, and keeps the timeline that was asked for', async () => {
    const service = await startService()
    const accepted = await service.app.inject({
      method: 'POST',
      url: '/v1/workflows/discharge-summary?timeline=true',
      headers: { ...authorization(), ...ASYNC },
      payload: STAY,
    })
    expect(accepted.statusCode).toBe(202)
    const view = await ended(service, accepted.json().run_id)
    expect(view.timeline?.tasks).toHaveLength(2)
  })

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['status=done', 'status'],
    ['order=asc', 'order'],
    ['cursor=made-up', 'cursor'],
  ])('a list with ?%s is refused with 400', async (query, field) => {
    const service = await startService()
    const answer = await service.get(`/v1/runs?${query}`)
    expect(answer.json()).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(answer.json().errors).toMatchObject([{ field }])
  })

  it.each(['no-such-run', '00000000-0000-4000-8000-000000000000', '%00', 'x'.repeat(128)])(
    'a run that is not there is 404: %s',
    async (run_id) => {
      const service = await startService()
      for (const answer of [
        await service.get(`/v1/runs/${run_id}`),
        await service.get(`/v1/runs/${run_id}/events`, { ...authorization(), accept: 'text/event-stream' }),
        await service.app.inject({ method: 'POST', url: `/v1/runs/${run_id}/cancel`, headers: authorization() }),
      ])
        expect([answer.statusCode, answer.json().code]).toEqual([404, 'not_found'])
    },
  )

  it('is not for tokens without the scope, nor for another tenant', async () => {
    const service = await startService()
    const run_id = await submit(service, two)
    await ended(service, run_id)
    const ask = (url: string, claims: object) =>
      service.get(url, { ...authorization(claims), accept: 'text/event-stream, application/json' })
    for (const url of ['/v1/runs', `/v1/runs/${run_id}`, `/v1/runs/${run_id}/events`])
      expect((await ask(url, { scopes: ['workflows:execute'] })).statusCode, url).toBe(403)
    for (const url of [`/v1/runs/${run_id}`, `/v1/runs/${run_id}/events`])
      expect((await ask(url, { tenant: 'other' })).statusCode, url).toBe(404)
    expect((await service.execute(two, { ...authorization({ scopes: ['runs:read'] }), ...ASYNC })).statusCode).toBe(403)
  })

  it('leaves a trace of who asked for the run and who saw it', async () => {
    const service = await startService()
    const run_id = await submit(service, two)
    await ended(service, run_id)
    await service.get('/v1/runs', authorization({ subject: 'nurse-2' }))
    expect(await auditOf(service)).toMatchObject([
      { actor: 'nurse-1', action: 'run.create', object: `run/${run_id}`, outcome: 'ok' },
      { actor: 'nurse-1', action: 'run.events', object: `run/${run_id}`, outcome: 'ok' },
      { actor: 'nurse-1', action: 'run.read', object: `run/${run_id}`, outcome: 'ok' },
      { actor: 'nurse-2', action: 'run.list', outcome: 'ok' },
    ])
  })
})

describe('a run for which somebody waits', () => {
  it('is kept with its end, and shown as running from its acceptance', async () => {
    const service = await startService({ simulator: { latencyMs: 200 } })
    const answer = service.execute(two)
    await service.simulator.ledger.until(({ inFlight }) => inFlight === 1)
    const [summary] = (await service.get('/v1/runs')).json().runs
    expect(summary).toMatchObject({
      mode: 'sync',
      status: 'running',
      started_at: summary.created_at,
      finished_at: null,
    })
    const { run_id, ...response } = (await answer).json()
    expect(run_id).toBe(summary.run_id)
    expect(await viewOf(service, run_id)).toMatchObject({ ...response, started_at: summary.created_at })
    expect((await eventsOf(service, run_id)).map(({ id, event }) => [id, event])).toEqual([[1, 'run.finished']])
  })
})
