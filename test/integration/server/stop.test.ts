import { get } from 'node:http'
import { describe, expect, it } from 'vitest'
import { bearer, hmacToken } from '../../helpers/gate-tokens.ts'
import { type ServerProcess, startListening, startServer } from '../../helpers/process.ts'
import { answer, startHeldModel } from './held-model.ts'

const BODY = JSON.stringify({
  workflow_type: 'custom',
  custom_tasks: [{ task_id: 'one', agent_type: 'Chat', prompt: 'Say it.' }],
})

const execute = (origin: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${origin}/v1/workflows/execute`, {
    method: 'POST',
    headers: { ...bearer(hmacToken()), 'content-type': 'application/json', ...headers },
    body: BODY,
  })

/** Asks until readiness shows that the stop has begun: a signal arrives when it does. */
async function untilStopping(origin: string): Promise<Response> {
  for (;;) {
    const ready = await fetch(`${origin}/health/ready`)
    if (ready.status === 503) return ready
    await ready.body?.cancel()
  }
}

const runsLogged = (server: ServerProcess) => server.log().filter(({ msg }) => msg === 'run ended')

/** What the log says of the stop itself. */
const stopLogged = (server: ServerProcess) => server.log().filter(({ msg }) => msg === 'stopping' || msg === 'stopped')

describe('SIGTERM while a run is in flight', () => {
  it('refuses new work, stays alive, lets the run end and exits with 0', async () => {
    const model = await startHeldModel()
    const server = await startListening(model.env)
    const inFlight = execute(server.origin)
    const call = await model.asked(0)
    server.signal('SIGTERM')

    const ready = await untilStopping(server.origin)
    expect(await ready.json()).toMatchObject({ status: 'not_ready', reasons: ['The service is shutting down.'] })
    expect((await fetch(`${server.origin}/health/live`)).status).toBe(200)
    expect(await (await fetch(`${server.origin}/metrics`)).text()).toContain('consilium_runs_in_flight 1')
    const refused = await execute(server.origin)
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('5')
    expect(await refused.json()).toMatchObject({ code: 'not_ready' })
    expect(model.count()).toBe(1)

    answer(call)
    const finished = await inFlight
    expect(finished.status).toBe(200)
    expect(await finished.json()).toMatchObject({ status: 'succeeded' })
    expect(await server.ended).toEqual({ code: 0, signal: null })
    expect(runsLogged(server)).toMatchObject([{ status: 'succeeded' }])
    expect(stopLogged(server)).toMatchObject([
      { msg: 'stopping', signal: 'SIGTERM', in_flight: 1, grace_ms: 25_000 },
      { msg: 'stopped', ended: 1, cut: 0, ms: expect.any(Number) },
    ])
  })

  it('does the same when the signal comes twice', async () => {
    const model = await startHeldModel()
    const server = await startListening(model.env)
    const inFlight = execute(server.origin)
    const call = await model.asked(0)
    server.signal('SIGTERM')
    await untilStopping(server.origin)
    server.signal('SIGTERM')
    server.signal('SIGINT')
    // Answered after the signals: they were delivered by then.
    expect((await fetch(`${server.origin}/health/live`)).status).toBe(200)
    answer(call)
    expect((await inFlight).status).toBe(200)
    expect(await server.ended).toEqual({ code: 0, signal: null })
    expect(stopLogged(server)).toMatchObject([{ signal: 'SIGTERM' }, { msg: 'stopped' }])
  })

  it.each([
    ['a document', {}],
    ['events', { accept: 'text/event-stream' }],
  ])('ends a run that takes longer than the grace with what there is, for a caller of %s', async (_, headers) => {
    const model = await startHeldModel()
    const server = await startListening({ ...model.env, SHUTDOWN_GRACE_MS: '50' })
    const inFlight = execute(server.origin, headers)
    const call = await model.asked(0)
    server.signal('SIGTERM')
    const answered = await inFlight
    const text = await answered.text()
    await call.closed
    const problem = JSON.parse(text.split('data: ').at(-1) as string)
    expect(problem).toMatchObject({
      status: 503,
      code: 'not_ready',
      detail: 'The service was stopped before the run had ended; 0 of 1 tasks had succeeded. See run.',
      run: { status: 'cancelled', results: [{ error: { message: 'The service was stopped before the task ended.' } }] },
    })
    if ('accept' in headers) {
      expect(text).toContain('event: run.finished')
      expect(problem.retry_after_s).toBe(5)
    } else expect([answered.status, answered.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await server.ended).toEqual({ code: 0, signal: null })
    expect(runsLogged(server)).toMatchObject([{ status: 'cancelled' }])
    expect(stopLogged(server)).toMatchObject([{ in_flight: 1 }, { msg: 'stopped', ended: 0, cut: 1 }])
    expect(model.count()).toBe(1)
  })

  it('ends a run whose caller has left long before the grace is over', async () => {
    const model = await startHeldModel()
    const server = await startListening({ ...model.env, SHUTDOWN_GRACE_MS: '600000' })
    const leaving = new AbortController()
    const gone = fetch(`${server.origin}/v1/workflows/execute`, {
      method: 'POST',
      headers: { ...bearer(hmacToken()), 'content-type': 'application/json' },
      body: BODY,
      signal: leaving.signal,
    })
    const call = await model.asked(0)
    server.signal('SIGTERM')
    await untilStopping(server.origin)
    leaving.abort()
    await expect(gone).rejects.toThrow()
    await call.closed
    expect(await server.ended).toEqual({ code: 0, signal: null })
  })
})

describe('SIGTERM', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'or whatever asks for a stop (%s) ends an idle service with 0',
    async (signal) => {
      const server = await startListening()
      server.signal(signal)
      expect(await server.ended).toEqual({ code: 0, signal: null })
      expect(server.err()).toBe('')
      expect(stopLogged(server)).toMatchObject([
        { signal, in_flight: 0 },
        { ended: 0, cut: 0 },
      ])
    },
  )

  it('is not held up by a connection that idles', async () => {
    const server = await startListening({ SHUTDOWN_GRACE_MS: '600000' })
    await new Promise((resolve, reject) => {
      get(`${server.origin}/health/live`, { headers: { connection: 'keep-alive' } }, (response) => {
        response.resume().once('end', resolve)
      }).once('error', reject)
    })
    server.signal('SIGTERM')
    expect(await server.ended).toEqual({ code: 0, signal: null })
  })

  // The process signals itself at the moment in question: from outside it could not be met.
  const AT = (patch: string) =>
    `data:text/javascript,${encodeURIComponent(
      `import http from 'node:http'; import net from 'node:net';
       const stop = () => process.kill(process.pid, 'SIGTERM'); ${patch}`,
    )}`
  it.each([
    [
      'while it is being built',
      'const make = http.createServer; http.createServer = (...a) => { stop(); return make(...a) }',
    ],
    [
      'while it opens its port',
      'const listen = net.Server.prototype.listen; net.Server.prototype.listen = function (...a) { stop(); return listen.apply(this, a) }',
    ],
  ])('ends a service %s with 0', async (_, patch) => {
    const server = startServer({}, ['--import', AT(patch)])
    expect(await server.ended).toEqual({ code: 0, signal: null })
    expect(server.err()).toBe('')
  })
})
