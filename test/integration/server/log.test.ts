import { describe, expect, it } from 'vitest'
import { bearer, hmacToken } from '../../helpers/gate-tokens.ts'
import { startListening } from '../../helpers/process.ts'
import { answer, refuse, startHeldModel } from './held-model.ts'

const custom = (task: object = {}) => ({
  workflow_type: 'custom',
  custom_tasks: [{ task_id: 'one', agent_type: 'Chat', prompt: 'Say it.', ...task }],
})

const post = (origin: string, body: unknown, headers: Record<string, string> = bearer(hmacToken())) =>
  fetch(`${origin}/v1/workflows/execute`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

describe('the log of a running service', () => {
  it('has one JSON line per run, one per refused request, and none for anything else', async () => {
    const model = await startHeldModel()
    const server = await startListening({ ...model.env, LOG_LEVEL: 'info' })
    const { origin } = server
    const get = (path: string, headers: Record<string, string> = {}) => fetch(`${origin}${path}`, { headers })

    const succeeds = post(origin, custom())
    answer(await model.asked(0))
    const { run_id } = (await (await succeeds).json()) as { run_id: string }
    const fails = post(origin, custom())
    refuse(await model.asked(1))
    expect((await fails).status).toBe(502)
    const leaving = new AbortController()
    const left = fetch(`${origin}/v1/workflows/execute`, {
      method: 'POST',
      headers: { ...bearer(hmacToken()), 'content-type': 'application/json' },
      body: JSON.stringify(custom()),
      signal: leaving.signal,
    }).catch(() => null)
    const abandoned = await model.asked(2)
    leaving.abort()
    await left
    await abandoned.closed

    const statuses = [
      await post(origin, custom({ agent_type: 'Nobody' })),
      await post(origin, '{oops'),
      await post(origin, custom(), {}),
      await post(origin, custom(), bearer(hmacToken({ sub: 's', iat: 1, exp: 2 }))),
      await get('/v1/roster'),
      await get('/nothing/here'),
      await get('/health/live'),
      await get('/health/ready'),
      await get('/metrics'),
      await get('/v1/workflows/types', bearer(hmacToken())),
    ].map(({ status }) => status)
    expect(statuses).toEqual([400, 400, 401, 401, 401, 404, 200, 200, 200, 200])
    server.signal('SIGTERM')
    await server.ended

    const log = server.log()
    const runs = log.filter(({ msg }) => msg === 'run ended')
    const refused = log.filter(({ msg }) => msg === 'request refused')
    expect(runs.map(({ status }) => status)).toEqual(['succeeded', 'failed', 'cancelled'])
    expect(runs[0]).toMatchObject({ run_id, workflow: 'custom', tasks: 1, tenant: 'default', errors: {} })
    expect(runs[1]).toMatchObject({ errors: { upstream_rejected: 1 } })
    expect(refused.map(({ status, code }) => [status, code])).toEqual([
      // The caller that left: its run has a line of its own, this one says why it was cancelled.
      [499, 'caller_left'],
      [400, 'unknown_agent'],
      [400, 'invalid_request'],
      [401, 'unauthorized'],
      [401, 'unauthorized'],
      [401, 'unauthorized'],
      [404, 'not_found'],
    ])
    const others = new Set(log.filter((line) => !runs.includes(line) && !refused.includes(line)).map(({ msg }) => msg))
    for (const msg of others)
      expect(msg).toMatch(
        /^(Server listening at http:\S+|listening|store opened|memory built|audit chains verified|model server|stopping|stopped)$/,
      )
    expect(server.err()).toBe('')
  })

  it('says for every line when and how grave, in a form that machines read', async () => {
    const server = await startListening()
    await fetch(`${server.origin}/v1/roster`)
    server.signal('SIGTERM')
    await server.ended
    expect(server.log().length).toBeGreaterThan(2)
    for (const line of server.log())
      expect(line).toMatchObject({
        level: expect.any(Number),
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        msg: expect.any(String),
      })
  })
})
