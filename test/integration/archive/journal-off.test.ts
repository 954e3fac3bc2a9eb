import { describe, expect, it } from 'vitest'
import { authorization, custom, startService } from '../../helpers/service.ts'
import { ASYNC, auditOf, ended, PLACES, read, verified } from './runs.ts'

const one = custom([{ task_id: 'only' }])

describe.each(PLACES)('JOURNAL=off ($name)', ({ env }) => {
  it('leaves no record of a run for which somebody waits, but one audit entry', async () => {
    const service = await startService({ env: { ...(await env()), JOURNAL: 'off' } })
    const answer = await service.execute(one)
    expect(answer.json()).toMatchObject({ status: 'succeeded' })
    const streamed = await read((await service.execute(one, { ...authorization(), accept: 'text/event-stream' })).body)
    expect(streamed.filter(({ event }) => event !== 'task.delta').map(({ event }) => event)).toEqual([
      'run.started',
      'task.queued',
      'task.started',
      'task.succeeded',
      'run.finished',
    ])
    expect(streamed.map(({ id }) => id)).toEqual(streamed.map((_, at) => at + 1))
    const { run_id } = answer.json()
    expect((await service.get('/v1/runs')).json().runs).toEqual([])
    expect((await service.get(`/v1/runs/${run_id}`)).statusCode).toBe(404)
    const entries = (await auditOf(service)).filter(({ action }) => action === 'run.create')
    expect(entries).toMatchObject([{ actor: 'nurse-1', object: `run/${run_id}`, outcome: 'ok' }, {}])
    expect(JSON.parse(entries[0]?.details ?? '')).toMatchObject({ journal: false, workflow: 'custom' })
    expect(await verified(service)).toBe(true)
  })

  it('keeps asynchronous runs and those with a key all the same', async () => {
    const service = await startService({ env: { ...(await env()), JOURNAL: 'off' } })
    const accepted = await service.execute(one, { ...authorization(), ...ASYNC })
    expect((await ended(service, accepted.json().run_id)).status).toBe('succeeded')
    const keyed = { ...authorization(), 'idempotency-key': 'k' }
    const [first, again] = [await service.execute(one, keyed), await service.execute(one, keyed)]
    expect(again.json()).toEqual(first.json())
    expect((await service.get('/v1/runs')).json().runs).toHaveLength(2)
  })
})
