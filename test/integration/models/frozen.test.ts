import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startModelServer } from '../../../simulator/server.ts'
import { ModelClient } from '../../../src/models/client.ts'
import { ModelServers } from '../../../src/models/servers.ts'
import { startNode } from '../../helpers/process.ts'
import { closedPort } from '../../helpers/raw-server.ts'
import { ask, modelAt, UNCANCELLED } from './subject.ts'

const SIMULATOR = fileURLToPath(new URL('../../../simulator/main.ts', import.meta.url))

/** A model server as the service knows it, looked at every few milliseconds. */
function watched(url: string) {
  const model = modelAt(url)
  const asked = vi.spyOn(ModelClient.prototype, 'answers')
  onTestFinished(() => asked.mockRestore())
  const servers = new ModelServers([model], {
    breaker_cooldown_ms: 1,
    log: () => undefined,
    probe_interval_ms: 5,
    probe_patience_ms: 100,
  })
  onTestFinished(() => servers.close())
  servers.start()
  return {
    servers,
    reachable: () => servers.view(model.id).reachable,
    /** Resolves when so many looks have begun from now on; all but the last have ended by then. */
    looks: (count: number) => {
      const until = asked.mock.calls.length + count + 1
      return vi.waitFor(() => expect(asked.mock.calls.length).toBeGreaterThanOrEqual(until))
    },
    call: (within_ms = 10_000) => servers.call(model, ask({ within_ms }), UNCANCELLED),
  }
}

/** Long enough to say something about a server that has answered before. */
const PATIENT_MS = 1100

describe('a server whose inference hangs while everything else answers', () => {
  it('is unreachable however often it answers looks, until an inference works', async () => {
    const server = await startModelServer({ model: 'm' })
    onTestFinished(() => server.close())
    const { reachable, call, looks } = watched(server.url)
    expect(await call()).toMatchObject({ ok: true })
    server.setFaults(() => ({ kind: 'hang' }))
    expect(await call(PATIENT_MS)).toMatchObject({ ok: false, code: 'upstream_timeout' })
    await looks(5)
    expect(reachable()).toBe(false)
    server.setFaults([])
    expect(await call()).toMatchObject({ ok: true })
    expect(reachable()).toBe(true)
  })

  it('is reachable again once it was started anew', async () => {
    const server = await startModelServer({ model: 'm' })
    const { reachable, call, looks } = watched(server.url)
    expect(await call()).toMatchObject({ ok: true })
    server.setFaults(() => ({ kind: 'hang' }))
    await call(PATIENT_MS)
    expect(reachable()).toBe(false)
    await server.close()
    await looks(2)
    const anew = await startModelServer({ model: 'm', port: server.port })
    onTestFinished(() => anew.close())
    await vi.waitFor(() => expect(reachable()).toBe(true))
  })
})

describe('a server whose process is stopped', () => {
  it('is unreachable while nothing at all answers, calls end by their deadline, and it works when it goes on', async () => {
    const port = await closedPort()
    const ports = { 'BioMistral-Clinical-7B': port }
    const others = ['BiMediX2-8B', 'Tiny-LLaMA-1.1B-Medical', 'OpenInsurance-LLaMA3-8B', 'Tiny-LLaMA-1.1B-Chat']
    const free = await Promise.all(others.map(async (id) => [id, await closedPort()] as const))
    const simulator = startNode([SIMULATOR], {
      MODEL_PORTS: JSON.stringify({ ...ports, ...Object.fromEntries(free) }),
      SIM_LATENCY_MS: '0',
    })
    await simulator.says(/Every kind of fault/)
    const { reachable, call } = watched(`http://127.0.0.1:${port}/v1`)
    await vi.waitFor(() => expect(reachable()).toBe(true))
    simulator.signal('SIGSTOP')
    await vi.waitFor(() => expect(reachable()).toBe(false))
    const began = performance.now()
    expect(await call(200)).toMatchObject({ ok: false, code: 'upstream_timeout' })
    expect(performance.now() - began).toBeLessThan(1200)
    simulator.signal('SIGCONT')
    await vi.waitFor(() => expect(reachable()).toBe(true))
    expect(await call()).toMatchObject({ ok: true })
  })
})
