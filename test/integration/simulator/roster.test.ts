import { afterEach, describe, expect, it } from 'vitest'
import { PortError, type Simulator, type SimulatorOptions, startSimulator } from '../../../simulator/simulate.ts'
import { builtinRoster } from '../../../src/models/builtin-roster.ts'
import { ask, completion, prompt, send } from '../../helpers/simulator-client.ts'

const running: Simulator[] = []
const start = async (options: SimulatorOptions = {}): Promise<Simulator> => {
  const simulator = await startSimulator(options)
  running.push(simulator)
  return simulator
}
afterEach(() => Promise.all(running.splice(0).map((simulator) => simulator.close())))

const serverOf = (simulator: Simulator, id: string) => {
  const server = simulator.servers.get(id)
  if (!server) throw new Error(`no server ${id}`)
  return server
}

describe('a simulated roster', () => {
  it('has a server for every model, and a roster that says where each is', async () => {
    const { servers, roster } = await start()
    expect([...servers.keys()]).toEqual(builtinRoster.models.map(({ id }) => id))
    expect(roster.models.map(({ url }) => url)).toEqual([...servers.values()].map(({ url }) => url))
    expect({ ...roster, models: roster.models.map(({ url, slots, ...model }) => model) }).toEqual({
      ...builtinRoster,
      models: builtinRoster.models.map(({ url, ...model }) => model),
    })
    expect(roster.models.map(({ slots }) => slots)).toEqual([2, 2, 4, 2, 4])
    expect(new Set(roster.models.map(({ url }) => url)).size).toBe(5)
  })

  it('counts over all its servers in one ledger', async () => {
    const simulator = await start()
    await Promise.all([...simulator.servers.values()].map((server) => ask(server, prompt('x'))))
    expect(simulator.ledger.received).toBe(5)
    expect(new Set(simulator.ledger.entries.map(({ model }) => model)).size).toBe(5)
    expect(serverOf(simulator, 'BiMediX2-8B').ledger.received).toBe(1)
  })

  it('gives each server its own latency, slots and key', async () => {
    const asked: string[] = []
    const simulator = await start({
      slots: 7,
      apiKeys: { 'BiMediX2-8B': 'secret' },
      latencyMs: (request, model) => {
        asked.push(`${model.id} ${request.messages.at(-1)?.content}`)
        return 0
      },
    })
    expect(simulator.roster.models.every(({ slots }) => slots === 7)).toBe(true)
    expect((await ask(serverOf(simulator, 'BiMediX2-8B'), prompt('x'))).status).toBe(401)
    await completion(serverOf(simulator, 'Tiny-LLaMA-1.1B-Chat'), prompt('Hello'))
    expect(asked).toEqual(['Tiny-LLaMA-1.1B-Chat Hello'])
  })

  it('names itself as the roster tells the service to call it', async () => {
    const [model] = builtinRoster.models
    const simulator = await start({
      roster: { gpus: [], agents: {}, models: [{ ...(model as typeof model & object), served_model: 'file.gguf' }] },
    })
    expect((await completion(serverOf(simulator, 'BioMistral-Clinical-7B'), prompt('x'))).model).toBe('file.gguf')
  })

  it('refuses a port that is taken, says whose it is, and leaves no other server behind', async () => {
    const first = await start()
    const [one, two] = first.roster.models
    await serverOf(first, one?.id ?? '').close()
    const roster = { ...first.roster, models: [one, two].filter((model) => model !== undefined) }
    const failure = await startSimulator({ roster, ports: 'roster' }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(PortError)
    expect(failure).toMatchObject({ code: 'EADDRINUSE', message: expect.stringContaining(two?.id ?? '?') })
    expect((await ask({ url: one?.url ?? '' }, prompt('x'))).error).toBe('ECONNREFUSED')
  })

  it('listens on the ports of the roster when told to', async () => {
    const first = await start()
    await first.close()
    const again = await start({ roster: first.roster, ports: 'roster' })
    expect(again.roster).toEqual(first.roster)
  })
})

describe('a running simulator', () => {
  const order = async (simulator: Simulator, body: unknown) => {
    const { url } = serverOf(simulator, 'BiMediX2-8B')
    const { status, body: bytes } = await send(new URL('/simulator/faults', url).href, body as object).answer
    return { status, json: JSON.parse(bytes.toString()) }
  }
  const state = async (simulator: Simulator) => (await ask(serverOf(simulator, 'BiMediX2-8B'), prompt('x'))).status

  it('is broken and mended over HTTP, one server at a time', async () => {
    const simulator = await start()
    expect((await order(simulator, [{ kind: 'status', status: 503 }, null])).json).toMatchObject({ faults_left: 2 })
    expect([await state(simulator), await state(simulator)]).toEqual([503, 200])
    await order(simulator, { always: { kind: 'status', status: 500 } })
    expect([await state(simulator), await state(simulator)]).toEqual([500, 500])
    expect((await ask(serverOf(simulator, 'BioMistral-Clinical-7B'), prompt('x'))).status).toBe(200)
    await order(simulator, [])
    expect(await state(simulator)).toBe(200)
  })

  it('closes its port at once on request', async () => {
    const simulator = await start()
    expect((await order(simulator, { kind: 'refuse', for_ms: 3_600_000 })).status).toBe(200)
    let error: string | null = null
    while (error === null) ({ error } = await ask(serverOf(simulator, 'BiMediX2-8B'), prompt('x')))
    expect(['ECONNREFUSED', 'ECONNRESET']).toContain(error)
  })

  it.each([{ kind: 'nothing' }, { kind: 'reset' }, { kind: 'hang', at: 'x' }, { always: null }, [1], '{'])(
    'refuses the order %j with 400 and changes nothing',
    async (given) => {
      const simulator = await start()
      const { status, json } = await order(simulator, given)
      expect([status, typeof json.error.message]).toEqual([400, 'string'])
      expect(await state(simulator)).toBe(200)
    },
  )

  it('tells every kind of fault with what its members must be', async () => {
    const server = serverOf(await start(), 'BiMediX2-8B')
    const { body } = await send(new URL('/simulator/faults', server.url).href, null).answer
    const { kinds } = JSON.parse(body.toString())
    expect(Object.keys(kinds)).toEqual(expect.arrayContaining(['refuse', 'hang', 'status', 'huge', 'stream', 'raw']))
    expect(kinds.huge).toEqual({ megabytes: 'a whole number from 4 to 4096', framing: 'one of length, chunked, gzip' })
    expect(kinds.status.retry_after).toBe('text; optional')
  })

  it('tells counts, and never a prompt', async () => {
    const simulator = await start()
    const server = serverOf(simulator, 'BiMediX2-8B')
    await ask(server, prompt('Marta Exemplar'))
    const { body } = await send(new URL('/simulator/ledger', server.url).href, null).answer
    expect(JSON.parse(body.toString())).toEqual({
      model: 'BiMediX2-8B',
      received: 1,
      in_flight: 0,
      max_in_flight: 1,
      aborted: 0,
      faults_left: 0,
    })
  })
})
