import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Problem } from '../../../src/errors.ts'
import { buildGate, CANARY } from '../../helpers/gate.ts'
import { bearer, hmacToken } from '../../helpers/gate-tokens.ts'

const task = { task_id: 't', agent_type: 'Clinical', prompt: 'p' }

async function execute(payload: unknown) {
  const { app } = await buildGate()
  const headers = { ...bearer(hmacToken()), 'content-type': 'application/json' }
  return app.inject({ method: 'POST', url: '/work', headers, payload: JSON.stringify(payload) })
}

describe('every problem', () => {
  it('has type, title, status, code, detail, instance and errors, as application/problem+json', async () => {
    const { app } = await buildGate()
    const response = await app.inject('/nothing-here')
    expect(response.headers['content-type']).toBe('application/problem+json')
    expect(response.json()).toEqual({
      type: 'urn:consilium:problem:not_found',
      title: 'Not found',
      status: 404,
      code: 'not_found',
      detail: expect.any(String),
      instance: expect.stringMatching(/^req-/),
      errors: [],
    })
  })

  it('goes out whole although the route declares another shape, with its members and Retry-After', async () => {
    const members = { run: { run_id: 'r1', results: [1] }, status: 200 }
    const { app } = await buildGate({
      routes: (app) =>
        app.get(
          '/failed',
          { config: { public: true }, schema: { response: { '5xx': z.object({ only: z.string() }) } } },
          async () => {
            throw new Problem('run_failed', 'No task succeeded.', { members, retryAfterS: 2.1 })
          },
        ),
    })
    const response = await app.inject('/failed')
    expect(response.statusCode).toBe(502)
    expect(response.headers['retry-after']).toBe('3')
    expect(response.json()).toMatchObject({ code: 'run_failed', status: 502, run: members.run })
  })

  it('is told to later hooks by its code, and a plain answer has none', async () => {
    const codes: unknown[] = []
    const { app } = await buildGate({
      routes: (app) => app.addHook('onResponse', async (_request, reply) => void codes.push(reply.problemCode)),
    })
    await app.inject('/audit')
    await app.inject('/open')
    expect(codes).toEqual(['unauthorized', null])
  })

  it('carries the security headers, and no cache may keep it', async () => {
    const { app } = await buildGate()
    for (const url of ['/nothing-here', '/audit', '/open', '/boom']) {
      const { headers } = await app.inject(url)
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'strict-transport-security': expect.stringContaining('max-age='),
        'referrer-policy': 'no-referrer',
      })
    }
  })
})

describe('an address that is not there', () => {
  it.each([
    ['an unknown path', 'GET', '/nothing-here'],
    ['a known path with a wrong method', 'DELETE', '/work'],
    ['a wrong method with a body', 'PUT', '/work'],
    ['an unknown path with a body that is no JSON', 'POST', '/nothing-here'],
  ] as const)('%s is 404 and asks for no token', async (_name, method, url) => {
    const { app } = await buildGate()
    const body = method === 'GET' ? {} : { headers: { 'content-type': 'application/json' }, payload: '{oops' }
    const response = await app.inject({ method, url, ...body })
    expect(response.statusCode).toBe(404)
    expect(response.json()).toMatchObject({ code: 'not_found' })
    expect(response.body).not.toContain('nothing-here')
  })

  it('with broken percent-encoding is 400', async () => {
    const { app } = await buildGate()
    const response = await app.inject('/work/%E0%A4%A')
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({ code: 'invalid_request' })
  })
})

describe('a request that does not fit its schema', () => {
  it.each<[string, object, string, RegExp]>([
    ['a negative priority', { priority: -1 }, 'custom_tasks[1].priority', /0 or more/],
    ['a priority of 6', { priority: 6 }, 'custom_tasks[1].priority', /5 or less/],
    ['a priority of 1.5', { priority: 1.5 }, 'custom_tasks[1].priority', /whole number/],
    ['NaN, which JSON writes as null', { priority: Number.NaN }, 'custom_tasks[1].priority', /number/],
    ['max_tokens 0', { max_tokens: 0 }, 'custom_tasks[1].max_tokens', /1 or more/],
    ['max_tokens 1e9', { max_tokens: 1e9 }, 'custom_tasks[1].max_tokens', /8192 or less/],
    ['timeout_ms 0', { timeout_ms: 0 }, 'custom_tasks[1].timeout_ms', /1 or more/],
    ['timeout_ms 1e15', { timeout_ms: 1e15 }, 'custom_tasks[1].timeout_ms', /86400000 or less/],
    ['temperature 3', { temperature: 3 }, 'custom_tasks[1].temperature', /2 or less/],
    ['no prompt', { prompt: undefined }, 'custom_tasks[1].prompt', /is required/],
    ['a prompt that is a list', { prompt: [] }, 'custom_tasks[1].prompt', /a string/],
    ['a blank prompt', { prompt: '  ' }, 'custom_tasks[1].prompt', /must hold text/],
    ['a task id with a space', { task_id: 'a b' }, 'custom_tasks[1].task_id', /1–128 characters/],
    ['an unknown field', { priorty: 1 }, 'custom_tasks[1].priorty', /not a known field/],
  ])('%s is named with what to do about it', async (_name, other, field, message) => {
    const response = await execute({ workflow_type: 'custom', custom_tasks: [task, { ...task, ...other }] })
    expect(response.statusCode).toBe(400)
    const { code, errors, detail } = response.json()
    expect(code).toBe('invalid_request')
    expect(errors).toEqual([{ field, message: expect.stringMatching(message) }])
    expect(detail).toContain(field)
  })

  it('is told about all its fields at once, and an absent body as such', async () => {
    const { app } = await buildGate()
    const headers = bearer(hmacToken())
    const several = await app.inject({ method: 'POST', url: '/work', headers, payload: { custom_tasks: [] } })
    expect(several.json().errors.map((error: { field: string }) => error.field)).toEqual([
      'workflow_type',
      'custom_tasks',
    ])
    const absent = await app.inject({ method: 'POST', url: '/work', headers })
    expect(absent.json()).toMatchObject({ status: 400, errors: [{ field: 'body', message: 'is required' }] })
  })

  it('never gets its values back, nor names that may be values', async () => {
    const response = await execute({ workflow_type: { [CANARY]: CANARY }, [`${CANARY} 7`]: 1, timeout_ms: CANARY })
    expect(response.statusCode).toBe(400)
    expect(response.body).not.toContain(CANARY)
  })

  it('gets a short answer however many errors it has', async () => {
    const tasks = Array.from({ length: 5000 }, () => ({}))
    const response = await execute({ workflow_type: 'custom', custom_tasks: tasks })
    expect(response.statusCode).toBe(400)
    expect(response.json().errors).toHaveLength(20)
    expect(response.json().detail).toContain('more errors')
  })
})

describe('a fault of the service', () => {
  it('is 500 internal_error without inner text in the answer or the log, which names the place', async () => {
    const { app, logged } = await buildGate()
    const response = await app.inject('/boom')
    expect(response.statusCode).toBe(500)
    expect(response.json()).toMatchObject({ code: 'internal_error', errors: [] })
    expect(response.body).not.toContain(CANARY)
    expect(logged()).not.toContain(CANARY)
    expect(logged()).toContain(response.json().instance)
    expect(logged()).toMatch(/"failure":\{"name":"Error","code":null,"at":\["[^"]*gate\.ts:\d+:\d+"/)
    expect(logged().match(/"failure"/g)).toHaveLength(1)
  })

  it.each([
    ['a string', CANARY],
    ['an object with a status', { statusCode: 404, message: CANARY }],
    ['an error with a client status of a model server', Object.assign(new Error(CANARY), { statusCode: 401 })],
  ])('is 500 when %s is thrown', async (_name, thrown) => {
    const { app, logged } = await buildGate({
      routes: (app) => app.get('/odd', { config: { public: true } }, async () => Promise.reject(thrown)),
    })
    const response = await app.inject('/odd')
    expect(response.statusCode).toBe(500)
    expect(response.body + logged()).not.toContain(CANARY)
  })

  it('is a response that lacks a field of its schema', async () => {
    const { app } = await buildGate({
      routes: (app) =>
        app.get(
          '/partial',
          { config: { public: true }, schema: { response: { 200: z.object({ must: z.string() }) } } },
          async () => ({}),
        ),
    })
    expect((await app.inject('/partial')).json()).toMatchObject({ code: 'internal_error', status: 500 })
  })
})
