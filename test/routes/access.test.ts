import { describe, expect, it } from 'vitest'
import type { Scope } from '../../src/plugins/auth/caller.ts'
import { authorization, CHAT, custom, startService } from '../helpers/service.ts'

/** Every route of the service: what may be asked of it, and by whom. */
const ROUTES: { method: 'GET' | 'POST' | 'DELETE'; url: string; scope: Scope | 'open'; payload?: object }[] = [
  { method: 'POST', url: '/v1/workflows/execute', scope: 'workflows:execute', payload: custom([{ task_id: 'a' }]) },
  { method: 'POST', url: '/v1/workflows/discharge-summary', scope: 'workflows:execute', payload: {} },
  { method: 'GET', url: '/v1/workflows/types', scope: 'workflows:read' },
  { method: 'GET', url: '/v1/roster', scope: 'workflows:read' },
  { method: 'GET', url: '/v1/models', scope: 'workflows:read' },
  { method: 'GET', url: '/v1/models/:model', scope: 'workflows:read' },
  {
    method: 'POST',
    url: '/v1/chat/completions',
    scope: 'workflows:execute',
    payload: { model: CHAT, messages: [{ role: 'user', content: 'Hi' }] },
  },
  { method: 'POST', url: '/v1/tasks', scope: 'workflows:execute', payload: { task: 'Hi' } },
  { method: 'POST', url: '/v1/supervise', scope: 'workflows:execute', payload: { task: 'Hi' } },
  { method: 'GET', url: '/v1/supervise/tools', scope: 'workflows:read' },
  { method: 'POST', url: '/v1/route', scope: 'workflows:read', payload: { task: 'Hi' } },
  { method: 'GET', url: '/v1/stats', scope: 'workflows:read' },
  { method: 'GET', url: '/v1/health', scope: 'workflows:read' },
  { method: 'POST', url: '/v1/embeddings', scope: 'workflows:execute', payload: { model: 'auto', input: 'Hi' } },
  {
    method: 'POST',
    url: '/v1/evidence',
    scope: 'workflows:execute',
    payload: { title: 'T', source: 's', text: 'x' },
  },
  { method: 'GET', url: '/v1/evidence', scope: 'workflows:execute' },
  { method: 'GET', url: '/v1/evidence/:document_id', scope: 'workflows:execute' },
  { method: 'DELETE', url: '/v1/evidence/:document_id', scope: 'workflows:execute' },
  { method: 'GET', url: '/v1/memories', scope: 'workflows:execute' },
  { method: 'DELETE', url: '/v1/memories', scope: 'workflows:execute' },
  { method: 'GET', url: '/v1/memories/:document_id', scope: 'workflows:execute' },
  { method: 'DELETE', url: '/v1/memories/:document_id', scope: 'workflows:execute' },
  { method: 'GET', url: '/v1/runs', scope: 'runs:read' },
  { method: 'GET', url: '/v1/runs/:run_id', scope: 'runs:read' },
  { method: 'GET', url: '/v1/runs/:run_id/events', scope: 'runs:read' },
  { method: 'POST', url: '/v1/runs/:run_id/cancel', scope: 'workflows:execute' },
  {
    method: 'POST',
    url: '/v1/runs/:run_id/approval',
    scope: 'runs:approve',
    payload: { decision: 'approve' },
  },
  { method: 'GET', url: '/v1/audit', scope: 'admin' },
  { method: 'GET', url: '/v1/audit/verify', scope: 'admin' },
  { method: 'GET', url: '/v1/audit/export', scope: 'admin' },
  { method: 'GET', url: '/metrics', scope: 'open' },
  { method: 'GET', url: '/health/live', scope: 'open' },
  { method: 'GET', url: '/health/ready', scope: 'open' },
  { method: 'GET', url: '/openapi.json', scope: 'open' },
  { method: 'GET', url: '/docs', scope: 'open' },
  { method: 'GET', url: '/docs/start.js', scope: 'open' },
  { method: 'GET', url: '/docs/scalar.js', scope: 'open' },
]

const guarded = ROUTES.filter(({ scope }) => scope !== 'open')
const ALL = ['workflows:execute', 'workflows:read', 'runs:read', 'runs:approve', 'admin']

describe('the routes', () => {
  it('are these and no others', async () => {
    const { app } = await startService()
    const printed = app.printRoutes({ commonPrefix: false })
    const found = printed.split('\n').flatMap((line) => {
      const [, , methods] = /[└├]── (\S+) \(([A-Z, ]+)\)/.exec(line) ?? []
      return methods === undefined ? [] : [methods]
    })
    expect(found.flatMap((methods) => methods.split(', ')).sort()).toEqual(
      ROUTES.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).sort(),
    )
    for (const { method, url } of ROUTES) expect(app.hasRoute({ method, url }), url).toBe(true)
  })

  it.each(ROUTES.filter(({ scope }) => scope === 'open'))(
    'are open where the contract says so: $url',
    async ({ url }) => {
      const { get } = await startService()
      expect((await get(url, {})).statusCode).toBe(200)
    },
  )

  it.each(guarded)('answer 401 without a token: $url', async ({ method, url, payload }) => {
    const { app, simulator } = await startService()
    for (const headers of [
      {},
      { authorization: '' },
      { authorization: 'Basic bnVyc2U6eA==' },
      { authorization: 'Bearer x' },
    ]) {
      const response = await app.inject({ method, url, headers, ...(payload && { payload }) })
      expect(response.json()).toMatchObject({ status: 401, code: 'unauthorized' })
      expect(response.headers['www-authenticate']).toBe('Bearer')
    }
    expect((await app.inject({ method, url: `${url}?access_token=x` })).statusCode).toBe(401)
    expect(simulator.ledger.received).toBe(0)
  })

  it.each(guarded)('ask for their own scope and no other: $url', async ({ method, url, scope, payload }) => {
    const { app, simulator } = await startService()
    const ask = (scopes: string[]) =>
      app.inject({ method, url, headers: authorization({ scopes }), ...(payload && { payload }) })
    const refused = await ask(ALL.filter((other) => other !== scope))
    expect(refused.json()).toMatchObject({ status: 403, code: 'forbidden' })
    expect(refused.json().detail).toContain(scope)
    expect(simulator.ledger.received).toBe(0)
    // 422: nothing makes embeddings here.
    expect([200, 400, 404, 422]).toContain((await ask([scope])).statusCode)
  })

  it.each([
    ['PUT', '/v1/workflows/execute'],
    ['GET', '/v1/workflows/execute'],
    ['POST', '/v1/roster'],
    ['GET', '/v1/workflows/execute/'],
    ['GET', '/v1/nothing'],
    ['GET', '/'],
  ] as const)('answer 404 to anything else: %s %s', async (method, url) => {
    const { app } = await startService()
    const response = await app.inject({ method, url, headers: authorization() })
    expect(response.json()).toMatchObject({ status: 404, code: 'not_found' })
  })

  it('ignore what a query may hold', async () => {
    const { get } = await startService()
    const plain = (await get('/v1/workflows/types')).body
    expect((await get("/v1/workflows/types?limit=-1&status=' OR 1=1 --&limit=1e99")).body).toBe(plain)
  })
})

describe('GET /metrics with METRICS_TOKEN', () => {
  it('wants that token and no other', async () => {
    const { get } = await startService({ env: { METRICS_TOKEN: 'scrape-me' } })
    expect((await get('/metrics', {})).json()).toMatchObject({ status: 401, code: 'unauthorized' })
    expect((await get('/metrics', authorization({ scopes: ALL }))).statusCode).toBe(401)
    expect((await get('/metrics', { authorization: 'Bearer scrape-mee' })).statusCode).toBe(401)
    expect((await get('/metrics', { authorization: 'Bearer scrape-me' })).statusCode).toBe(200)
  })
})

describe('the limits of a caller', () => {
  it('are counted for each tenant and subject apart, before any work', async () => {
    const { app, simulator } = await startService({ env: { RATE_LIMIT_MAX: '2' } })
    const ask = (subject: string) =>
      app.inject({
        method: 'POST',
        url: '/v1/workflows/execute',
        headers: authorization({ subject }),
        payload: custom([{ task_id: 'a' }]),
      })
    expect([await ask('a'), await ask('a')].map(({ statusCode }) => statusCode)).toEqual([200, 200])
    const refused = await ask('a')
    expect(refused.json()).toMatchObject({ status: 429, code: 'rate_limited' })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect((await ask('b')).statusCode).toBe(200)
    expect(simulator.ledger.received).toBe(3)
  })

  it('shut an address out after AUTH_FAILURE_LIMIT failures, even with a good token', async () => {
    const { get } = await startService({ env: { AUTH_FAILURE_LIMIT: '2' } })
    await get('/v1/roster', { authorization: 'Bearer x' })
    await get('/v1/roster', { authorization: 'Bearer y' })
    expect((await get('/v1/roster')).json()).toMatchObject({ status: 429, code: 'rate_limited' })
    expect((await get('/health/ready', {})).statusCode).toBe(200)
  })
})
