import { describe, expect, it } from 'vitest'
import { authorization, CHAT, custom, startService, type TestService } from '../../helpers/service.ts'
import { converse, post } from '../../helpers/stream.ts'
import { auditOf, ended, PLACES, verified } from '../archive/runs.ts'
import { until } from '../faults/until.ts'

const one = custom([{ task_id: 'only' }])
const LEFT = 'run.client_disconnected'

/** What the audit tells of the only run, once it tells that its caller left. */
async function traceOf(service: TestService) {
  let entries: Awaited<ReturnType<typeof auditOf>> = []
  await until(
    async () => {
      entries = (await auditOf(service)).filter(({ object }) => object.startsWith('run/'))
      return entries.some(({ action }) => action === LEFT)
    },
    'an entry of the departure',
    5000,
  )
  return entries.map(({ actor, action, object, outcome }) => ({ actor, action, object, outcome }))
}

/** The caller of a run goes away while the model is at work on it. */
async function leave(service: TestService, body = one, headers: Record<string, string> = {}) {
  const caller = await post(service, body, headers)
  await service.simulator.ledger.until(({ inFlight }) => inFlight === 1)
  caller.leave()
  expect(await caller.left).toBe('left')
}

const actionsOf = async (service: TestService) => (await traceOf(service)).map(({ action }) => action)

describe.each(PLACES)('a caller who leaves ($name)', ({ env }) => {
  it.each(['on', 'off'])('a run that it waits for leaves one entry of its own (JOURNAL=%s)', async (journal) => {
    const service = await startService({ env: { ...(await env()), JOURNAL: journal } })
    service.server(CHAT).setFaults([{ kind: 'hang' }])
    await leave(service)
    const trace = await traceOf(service)
    const { run_id } = await service.line('run ended')
    const entry = { actor: 'nurse-1', object: `run/${run_id}`, outcome: 'ok' }
    expect(trace).toEqual([
      { ...entry, action: 'run.create' },
      { ...entry, action: LEFT },
    ])
    const kept = (await service.get('/v1/runs')).json().runs
    expect(kept).toMatchObject(journal === 'on' ? [{ run_id, status: 'cancelled' }] : [])
    expect(await verified(service)).toBe(true)
  })

  it('its events is noted like one who waits for the document', async () => {
    const service = await startService({ env: await env() })
    service.server(CHAT).setFaults([{ kind: 'hang' }])
    const reader = await converse(service, one)
    await service.simulator.ledger.until(({ inFlight }) => inFlight === 1)
    reader.leave()
    await service.line('run ended')
    expect(await actionsOf(service)).toEqual(['run.create', LEFT])
  })

  it('a run with a key is noted while the run goes on', async () => {
    const service = await startService({ env: await env() })
    service.server(CHAT).setFaults([{ kind: 'slow', ms: 1500 }])
    await leave(service, one, { 'idempotency-key': 'k' })
    expect(await actionsOf(service)).toEqual(['run.create', LEFT])
    const [{ run_id, status }] = (await service.get('/v1/runs')).json().runs
    expect(status).toBe('running')
    expect((await ended(service, run_id)).status).toBe('succeeded')
  })

  it('a run that a human would have to approve is noted once, and the run is cancelled', async () => {
    const service = await startService({ env: await env() })
    service.server(CHAT).setFaults([{ kind: 'hang' }])
    await leave(service, custom([{ task_id: 'only', requires_approval: true }]))
    expect(await actionsOf(service)).toEqual(['run.create', LEFT])
    const [{ run_id }] = (await service.get('/v1/runs')).json().runs
    expect((await ended(service, run_id)).status).toBe('cancelled')
  })
})

it('a caller who stays, and one whose run somebody else cancels, leave no such entry', async () => {
  const service = await startService()
  const answered = await service.execute(one)
  expect(answered.statusCode).toBe(200)
  expect((await auditOf(service)).map(({ action }) => action)).toEqual(['run.create'])
  service.server(CHAT).setFaults([{ kind: 'hang' }])
  const waiting = service.execute(one)
  await service.simulator.ledger.until(({ inFlight }) => inFlight === 1)
  const { runs } = (await service.get('/v1/runs?status=running')).json()
  const open = runs.length > 0 ? runs : (await service.get('/v1/runs?status=queued')).json().runs
  await service.app.inject({ method: 'POST', url: `/v1/runs/${open[0].run_id}/cancel`, headers: authorization() })
  expect((await waiting).json().status).toBe('cancelled')
  expect((await auditOf(service)).map(({ action }) => action)).not.toContain(LEFT)
})
