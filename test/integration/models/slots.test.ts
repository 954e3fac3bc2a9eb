import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startModelServer } from '../../../simulator/server.ts'
import type { RosterFile } from '../../../src/contract/roster.ts'
import { ModelServers, type ServersOptions } from '../../../src/models/servers.ts'
import { httpAnswer, type RawCall, startRawServer } from '../../helpers/raw-server.ts'
import { CHAT, custom, run, startService, type TestService } from '../../helpers/service.ts'
import { modelAt } from './subject.ts'

type Finding = Parameters<ServersOptions['log']>[0]

/** Model servers that are looked at every few milliseconds. */
function watched(models: ReturnType<typeof modelAt>[], options: Partial<ServersOptions> = {}) {
  const findings: Finding[] = []
  const sizes: number[] = []
  const servers = new ModelServers(models, {
    breaker_cooldown_ms: 5000,
    log: (finding) => findings.push(finding),
    onSlots: (_, slots) => sizes.push(slots),
    probe_interval_ms: 5,
    ...options,
  })
  onTestFinished(() => servers.close())
  servers.start()
  const named = (finding: string) => findings.filter((one) => one.finding === finding)
  return { servers, findings, sizes, named, view: (id = 'test-model') => servers.view(id) }
}

/** Answers 200 with these texts by path, 404 for the rest. */
const serve = (texts: Record<string, string>) =>
  startRawServer(({ path, socket }: RawCall) => {
    const body = texts[path]
    socket.end(body === undefined ? httpAnswer({ status: 404 }) : httpAnswer({ body }))
  })

const free = { slots: null }

describe('the slots of a server', () => {
  it('are read from llama.cpp, and again when it comes back with others', async () => {
    const first = await startModelServer({ model: 'm', slots: 4 })
    const { sizes, view, named } = watched([modelAt(first.url, free)])
    await vi.waitFor(() => expect(sizes).toEqual([4]))
    expect(view()).toMatchObject({ slots_source: 'server', served_slots: 4 })
    await first.close()
    await vi.waitFor(() => expect(view().reachable).toBe(false))
    const second = await startModelServer({ model: 'm', slots: 2, port: first.port })
    onTestFinished(() => second.close())
    await vi.waitFor(() => expect(sizes).toEqual([4, 2]))
    expect(named('slots_learned')).toMatchObject([{ served: 4 }, { served: 2 }])
  })

  it('are read from vLLM as the calls of full length that it has room for', async () => {
    const metrics = 'vllm:cache_config_info{block_size="16",engine="0",num_gpu_blocks="573"} 1.0\n'
    const models = '{"data":[{"id":"m","owned_by":"vllm","max_model_len":2048}]}'
    const { url } = await serve({ '/v1/models': models, '/metrics': metrics })
    const { sizes, view } = watched([modelAt(url, free)])
    await vi.waitFor(() => expect(sizes).toEqual([4]))
    expect(view()).toMatchObject({ slots_source: 'server', served_slots: 4, context_window: 2048 })
  })

  it('of Ollama are those of OLLAMA_NUM_PARALLEL, for each model, and 1 without it', async () => {
    const texts = { '/v1/models': '{"data":[]}', '/api/version': '{"version":"0.12.6"}' }
    const { url } = await serve({ ...texts, '/api/ps': '{"models":[{"name":"a","context_length":4096}]}' })
    const models = [
      modelAt(url, { ...free, id: 'a', served_model: 'a' }),
      modelAt(url, { ...free, id: 'b', served_model: 'b' }),
    ]
    const set = watched(models, { ollama_parallel: 3 })
    await vi.waitFor(() => expect(set.sizes).toEqual([3, 3]))
    expect(set.view('a')).toMatchObject({ slots_source: 'environment', served_slots: 3, context_window: 4096 })
    const unset = watched(models)
    await vi.waitFor(() => expect(unset.view('a').context_window).toBe(4096))
    expect(unset.view('a')).toMatchObject({ slots_source: 'default', served_slots: null })
  })

  it('of OLLAMA_NUM_PARALLEL are no other server’s', async () => {
    const { url, calls } = await serve({ '/v1/models': '{"data":[]}' })
    const { sizes, view } = watched([modelAt(url, free)], { ollama_parallel: 3 })
    await vi.waitFor(() => expect(calls.map(({ path }) => path)).toContain('/api/version'))
    await vi.waitFor(() => expect(view().reachable).toBe(true))
    expect([sizes, view().slots_source]).toEqual([[], 'default'])
  })

  it('are asked for again at the next look when the server took too long to tell', async () => {
    let slow = true
    const { url } = await startRawServer(({ path, socket }) => {
      if (path === '/props' && slow) slow = false
      else socket.end(httpAnswer({ body: path === '/props' ? '{"total_slots":4}' : '{}' }))
    })
    const { sizes } = watched([modelAt(url, free)], { probe_patience_ms: 100 })
    await vi.waitFor(() => expect(sizes).toEqual([4]))
  })

  it('are shared by the models that the roster has on it', async () => {
    const { url } = await startModelServer({ model: 'm', slots: 5 }).then((server) => {
      onTestFinished(() => server.close())
      return server
    })
    const { sizes } = watched(['a', 'b'].map((id) => modelAt(url, { ...free, id, served_model: id })))
    await vi.waitFor(() => expect(sizes).toEqual([2, 2]))
  })

  it('that the roster lists stay; the server’s other word is reported once, and each new one once', async () => {
    let slots = 4
    const { url, calls } = await startRawServer(({ path, socket }) =>
      socket.end(
        httpAnswer({ status: slots === 0 ? 500 : 200, body: path === '/props' ? `{"total_slots":${slots}}` : '{}' }),
      ),
    )
    const { sizes, view, named } = watched([modelAt(url, { slots: 2 })])
    const asked = () => calls.filter(({ path }) => path === '/props').length
    const comeBack = async (as: number) => {
      slots = 0
      await vi.waitFor(() => expect(view().reachable).toBe(false))
      const before = asked()
      slots = as
      await vi.waitFor(() => expect(asked()).toBeGreaterThan(before))
      await vi.waitFor(() => expect(view().served_slots).toBe(as))
    }
    await vi.waitFor(() => expect(named('slots_differ')).toHaveLength(1))
    await comeBack(4)
    expect(named('slots_differ')).toEqual([{ model: 'test-model', finding: 'slots_differ', listed: 2, served: 4 }])
    await comeBack(3)
    expect(named('slots_differ')).toMatchObject([{ served: 4 }, { served: 3 }])
    await comeBack(4)
    expect(named('slots_differ')).toHaveLength(2)
    expect([sizes, view().slots_source]).toEqual([[], 'roster'])
  })
})

describe('looks at a server', () => {
  it('never overlap, however long one hangs, and end when the servers are closed', async () => {
    let open = 0
    let most = 0
    const raw = await startRawServer(({ closed }) => {
      most = Math.max(most, ++open)
      void closed.then(() => open--)
    })
    const { servers, view } = watched([modelAt(raw.url)], { probe_interval_ms: 1, probe_patience_ms: 20 })
    await raw.call(3)
    expect([most, view().reachable]).toEqual([1, false])
    await servers.close()
    const { length } = raw.calls
    await vi.waitFor(() => expect(open).toBe(0))
    await new Promise((resolve) => setImmediate(resolve))
    expect(raw.calls).toHaveLength(length)
  })
})

/** The roster of the simulator without slots. */
const unlisted = (running: RosterFile): RosterFile => ({
  ...running,
  models: running.models.map(({ slots: _, ...model }) => model),
})
const chatOf = ({ app }: TestService) => app.service.viewRoster().models.find(({ id }) => id === CHAT)

describe('a service whose roster lists no slots', () => {
  it('gives each lane those of its server, plans with them, and says so', async () => {
    const service = await startService({ roster: unlisted, simulator: { slots: 3, latencyMs: 20 } })
    await vi.waitFor(() => expect(chatOf(service)).toMatchObject({ slots: 3, slots_source: 'server', served_slots: 3 }))
    const { metadata } = await run(service, custom(['a', 'b', 'c', 'd'].map((task_id) => ({ task_id }))))
    expect(metadata.lanes_used).toBe(3)
    expect(service.server(CHAT).ledger.maxInFlight).toBe(3)
  })
})
