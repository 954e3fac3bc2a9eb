import { describe, expect, it } from 'vitest'
import { authorization, CHAT, custom, startService } from '../../helpers/service.ts'
import { ASYNC, cancel, eventsOf, PLACES, submit } from '../archive/runs.ts'
import { CANARY, CANARY_WORD, expectClean, expectNoTrace, LOUD_HEADERS, loud } from './canary.ts'

const says = { reply: () => `${CANARY}. The plan stands.` }
const own = custom(
  [
    { task_id: 'first', prompt: CANARY },
    { task_id: 'second', prompt: `${CANARY} {{tasks.first.output}}`, dependencies: ['first'] },
  ],
  { context: loud(['history']) },
)
/** A key is the caller's word: it may hold a name, and is never shown again. */
const LOUD = { ...LOUD_HEADERS, 'idempotency-key': CANARY_WORD }

describe.each(PLACES)('a run that is kept ($name)', ({ env }) => {
  it('gives clinical text to its tenant, and none to the audit, the log, the metrics and the course of its events', async () => {
    const service = await startService({ env: await env(), simulator: says })
    const headers = { ...authorization(), ...LOUD }
    const run_id = await submit(service, own, LOUD)
    const events = await eventsOf(service, run_id)
    expect(JSON.stringify(events.at(-1))).toContain(CANARY)
    for (const { event, data } of events.slice(0, -1))
      if (event !== 'task.delta') expectClean(JSON.stringify(data), event)

    const view = await service.get(`/v1/runs/${run_id}`)
    expect(view.json().aggregated_content).toContain(CANARY)
    const again = await service.execute(own, headers)
    expect(again.headers['idempotency-replayed']).toBe('true')
    const other = await service.execute({ ...own, priority: 1 }, headers)
    expect(other.statusCode).toBe(422)
    const list = await service.get('/v1/runs')
    expect(list.json().runs).toHaveLength(1)
    const refusals = [
      other,
      await service.get(`/v1/runs/${CANARY_WORD}`),
      await service.get(`/v1/runs?cursor=${CANARY_WORD}`),
      await service.get(`/v1/runs?${CANARY_WORD}=1`),
      await service.execute(own, { ...authorization(), 'idempotency-key': CANARY }),
      await service.get(`/v1/runs/${run_id}`, authorization({ tenant: 'other' })),
      await cancel(service, CANARY_WORD.replaceAll('/', '-')),
    ]
    expect(refusals.map(({ statusCode }) => statusCode)).toEqual([422, 404, 400, 400, 400, 404, 404])
    for (const tenant of ['default', 'other', '~service']) {
      const audit = await service.get('/v1/audit?limit=1000', authorization({ tenant, scopes: ['admin'] }))
      expectClean(audit.body, `audit of ${tenant}`)
    }
    expectClean(list.body, 'list')
    await expectNoTrace(service, view, again, ...refusals)
  })

  it('shows no more when it fails and is cancelled', async () => {
    const service = await startService({ env: await env(), simulator: says })
    const { ledger, setFaults } = service.server(CHAT)
    setFaults([{ kind: 'status', status: 400, body: CANARY }, { kind: 'hang' }])
    const failed = await submit(service, own)
    await eventsOf(service, failed)
    const cancelled = await submit(service, own, ASYNC)
    await ledger.until(({ received, inFlight }) => received === 2 && inFlight === 1)
    await cancel(service, cancelled)
    for (const run_id of [failed, cancelled]) {
      const events = await eventsOf(service, run_id)
      for (const { event, data } of events.slice(0, -1)) expectClean(JSON.stringify(data), event)
      expectClean(JSON.stringify(events.at(-1)?.data.errors ?? null), 'errors')
      await expectNoTrace(service, await service.get(`/v1/runs/${run_id}`))
    }
    const audit = await service.get('/v1/audit?limit=1000', authorization({ scopes: ['admin'] }))
    expectClean(audit.body, 'audit')
  })
})
