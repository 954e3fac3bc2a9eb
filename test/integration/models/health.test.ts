import { describe, expect, it, onTestFinished } from 'vitest'
import { type ProbeLog, probe } from '../../../src/models/probe.ts'
import { ModelServer } from '../../../src/models/server.ts'
import { ModelServers, type ServersOptions } from '../../../src/models/servers.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import {
  chatCompletion,
  closedPort,
  httpAnswer,
  type RawCall,
  type RawServer,
  startRawServer,
} from '../../helpers/raw-server.ts'
import { ask, modelAt, UNCANCELLED } from './subject.ts'

type Finding = Parameters<ProbeLog>[0]
type AnyFinding = Parameters<ServersOptions['log']>[0]

const answerOk = ({ socket }: RawCall) => socket.end(httpAnswer({ body: chatCompletion() }))
const fail = ({ socket }: RawCall) => socket.end(httpAnswer({ status: 500 }))

/** One model server as the service knows it, and what its probes found. */
function watch(url: string, parts: Parameters<typeof modelAt>[1] = {}, cooldownMs = 60_000) {
  const server = new ModelServer(modelAt(url, parts), cooldownMs)
  onTestFinished(() => server.client.close())
  const findings: Finding[] = []
  return {
    server,
    findings,
    probe: () => probe(server, { log: (finding) => findings.push(finding), ollama_parallel: null }),
    call: (within_ms = 10_000) => server.call(ask({ within_ms }), UNCANCELLED),
  }
}

/** Answers probes with these bodies by path (404 for the rest), and completions by `infer`. */
const serve = (bodies: Record<string, unknown>, infer: (call: RawCall) => void = answerOk): Promise<RawServer> =>
  startRawServer((call) => {
    if (call.method === 'POST') return infer(call)
    const body = bodies[call.path]
    call.socket.end(body === undefined ? httpAnswer({ status: 404 }) : httpAnswer({ body: JSON.stringify(body) }))
  })

describe('a look at a model server', () => {
  it('tells nothing before the first one', () => {
    expect(watch('http://127.0.0.1:9/v1').server.reachable).toBeNull()
  })

  it('finds it reachable, and says so once', async () => {
    const { url } = await serve({ '/v1/models': { data: [] } })
    const { server, findings, probe: look } = watch(url)
    await look()
    await look()
    expect(server.reachable).toBe(true)
    expect(findings).toEqual([{ model: 'test-model', finding: 'reachable' }])
  })

  it('finds it unreachable when nothing listens, and says so once', async () => {
    const { server, findings, probe: look } = watch(`http://127.0.0.1:${await closedPort()}/v1`)
    await look()
    await look()
    expect(server.reachable).toBe(false)
    expect(findings).toEqual([{ model: 'test-model', finding: 'unreachable' }])
  })

  it('finds it unreachable while it answers with a server error, such as "loading model"', async () => {
    let loading = true
    const { url } = await startRawServer(({ socket }) =>
      socket.end(httpAnswer({ status: loading ? 503 : 200, body: '{}' })),
    )
    const { server, findings, probe: look } = watch(url)
    await look()
    expect(server.reachable).toBe(false)
    loading = false
    await look()
    expect(server.reachable).toBe(true)
    expect(findings.map(({ finding }) => finding)).toEqual(['unreachable', 'reachable'])
  })

  it.each<[string, Record<string, unknown>]>([
    ['llama.cpp', { '/props': { default_generation_settings: { n_ctx: 2048 } } }],
    ['vLLM', { '/v1/models': { data: [{ id: 'm', max_model_len: 2048 }] } }],
  ])('finds a smaller context than the roster lists, at %s, and says so once', async (_, bodies) => {
    const { url } = await serve({ '/v1/models': { data: [{ id: 'm' }] }, ...bodies })
    const { server, findings, probe: look } = watch(url, { context_window: 8192 })
    await look()
    await look()
    expect(server.client.facts.context_window).toBe(2048)
    expect(findings.filter(({ finding }) => finding === 'smaller_context')).toEqual([
      { model: 'test-model', finding: 'smaller_context', listed: 8192, served: 2048 },
    ])
  })

  it.each([2048, 4096])(
    'has nothing to report when the server holds %i tokens and the roster lists 2048',
    async (n_ctx) => {
      const { url } = await serve({ '/v1/models': {}, '/props': { default_generation_settings: { n_ctx } } })
      const { findings, probe: look } = watch(url, { context_window: 2048 })
      await look()
      expect(findings).toEqual([{ model: 'test-model', finding: 'reachable' }])
    },
  )

  it.each<[string, unknown]>([
    ['0, as a router without a model does', { default_generation_settings: { n_ctx: 0 } }],
    ['text', { default_generation_settings: { n_ctx: '2048' } }],
    ['null', { default_generation_settings: null }],
    ['nothing', null],
    ['a list', []],
  ])('learns no context size from a server that reports %s', async (_, props) => {
    const { url } = await serve({ '/v1/models': { data: [null] }, '/props': props })
    const { server, probe: look } = watch(url)
    await look()
    expect(server.client.facts.context_window).toBeNull()
  })
})

describe('what calls show about a server', () => {
  it('calls a server that answers with an error reachable: the breaker, not this, says that it fails', async () => {
    const { url } = await serve({ '/v1/models': { data: [] } }, fail)
    const { server, call } = watch(url)
    expect(await call()).toMatchObject({ code: 'upstream_error' })
    expect(server.reachable).toBe(true)
  })

  it('is forgotten for a refused connection as soon as a look succeeds', async () => {
    let up = false
    const raw = await startRawServer(
      (call) => call.socket.end(httpAnswer({ body: '{}' })),
      (socket) => {
        if (!up) socket.resetAndDestroy()
      },
    )
    const { server, probe: look, call } = watch(raw.url)
    expect(await call()).toMatchObject({ code: 'upstream_unreachable' })
    expect(server.reachable).toBe(false)
    up = true
    await look()
    expect(server.reachable).toBe(true)
  })

  it.each([400, 401, 404, 422, 429])('is nothing when the server says %i: its breaker stays closed', async (status) => {
    const raw = await startRawServer(({ socket }) => socket.end(httpAnswer({ status })))
    const { server, call } = watch(raw.url)
    for (let index = 0; index < 25; index++) await call()
    expect(server.breaker).toBe('closed')
    expect(raw.calls).toHaveLength(25)
  })

  it.each([400, 429])('of %i neither ends a row of failures nor makes up for one', async (status) => {
    let says = 500
    const raw = await startRawServer(({ socket }) => socket.end(httpAnswer({ status: says })))
    const { server, call } = watch(raw.url)
    for (let index = 0; index < 4; index++) await call()
    says = status
    await call()
    expect([server.breaker, server.reachable]).toEqual(['closed', true])
    says = 500
    await call()
    expect(server.breaker).toBe('open')
  })

  it('of a hang outweighs an answering /v1/models, measured by how long its answers took before', async () => {
    let hangs = false
    const { url } = await serve({ '/v1/models': { data: [] } }, (call) => {
      if (!hangs) setImmediate(answerOk, call)
    })
    const { server, probe: look, call } = watch(url)
    await call()
    hangs = true
    await call(2 * (server.lastLatencyMs ?? 0) + 50)
    await look()
    expect(server.reachable).toBe(false)
  })

  it('is nothing when callers gave a call no time', async () => {
    const raw = await startRawServer(() => undefined)
    const { server, call } = watch(raw.url)
    for (let index = 0; index < 10; index++) await call(1)
    expect(server.breaker).toBe('closed')
  })
})

describe('the breaker of a server', () => {
  it('opens after five failed calls; the next ones fail without touching the server', async () => {
    const raw = await startRawServer(fail)
    const { server, call } = watch(raw.url)
    for (let index = 0; index < 5; index++) expect(await call()).toMatchObject({ code: 'upstream_error' })
    expect(server.breaker).toBe('open')
    expect(await call()).toMatchObject({ ok: false, code: 'breaker_open', transient: false, latency_ms: 0 })
    expect(raw.calls).toHaveLength(5)
  })

  it('lets one call through after the cool-down, and closes when it works', async () => {
    let broken = true
    const held: RawCall[] = []
    const raw = await startRawServer((call) => (broken ? fail(call) : void held.push(call)))
    const { server, call } = watch(raw.url, {}, 0)
    for (let index = 0; index < 5; index++) await call()
    expect(server.breaker).toBe('half_open')
    broken = false
    const trial = call()
    expect(await call()).toMatchObject({ code: 'breaker_open' })
    answerOk(await raw.call(5))
    expect(await trial).toMatchObject({ ok: true })
    expect(server.breaker).toBe('closed')
  })

  it('gives the trial to the next call when the first was cancelled', async () => {
    let broken = true
    const raw = await startRawServer((call) => {
      if (broken) fail(call)
      else if (raw.calls.length > 6) answerOk(call)
    })
    const { server, call } = watch(raw.url, {}, 0)
    for (let index = 0; index < 5; index++) await call()
    broken = false
    const cancellation = new Cancellation()
    const trial = server.call(ask(), cancellation)
    await raw.call(5)
    cancellation.cancel('cancelled')
    expect(await trial).toMatchObject({ code: 'cancelled' })
    expect(await call()).toMatchObject({ ok: true })
    expect(server.breaker).toBe('closed')
  })
})

describe('all servers together', () => {
  it('are looked at from the start, each is called by its model, and closing ends everything', async () => {
    const up = await serve({ '/v1/models': { data: [] } })
    const models = [
      modelAt(up.url, { id: 'up' }),
      modelAt(`http://127.0.0.1:${await closedPort()}/v1`, { id: 'down' }),
    ] as const
    const findings: AnyFinding[] = []
    const told = Promise.withResolvers<void>()
    const log: ServersOptions['log'] = (finding) => {
      if (findings.push(finding) === 2) told.resolve()
    }
    const servers = new ModelServers(models, { breaker_cooldown_ms: 5000, log })
    expect(servers.view('up')).toMatchObject({ reachable: null, breaker: 'closed', last_latency_ms: null })
    servers.start()
    await told.promise
    expect(servers.view('up').reachable).toBe(true)
    expect(servers.view('down').reachable).toBe(false)
    expect(await servers.call(models[0], ask(), UNCANCELLED)).toMatchObject({ ok: true })
    expect(await servers.call(models[1], ask(), UNCANCELLED)).toMatchObject({ code: 'upstream_unreachable' })
    await servers.close()
    expect(await servers.call(models[0], ask(), UNCANCELLED)).toMatchObject({ ok: false })
  })
})

describe('a call that finds its server gone or back', () => {
  it('is reported once, and nothing is any more after closing', async () => {
    const findings: AnyFinding[] = []
    const model = modelAt(`http://127.0.0.1:${await closedPort()}/v1`)
    const servers = new ModelServers([model], { breaker_cooldown_ms: 60_000, log: (finding) => findings.push(finding) })
    onTestFinished(() => servers.close())
    await servers.call(model, ask({ within_ms: 10_000 }), UNCANCELLED)
    await servers.call(model, ask({ within_ms: 10_000 }), UNCANCELLED)
    expect(findings).toEqual([{ model: 'test-model', finding: 'unreachable' }])
    servers.start()
    await servers.close()
    expect(findings).toHaveLength(1)
  })
})
