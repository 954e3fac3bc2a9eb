import { afterEach, describe, expect, it } from 'vitest'
import type { ModelServerOptions } from '../../../simulator/options.ts'
import { type ModelServer, startModelServer } from '../../../simulator/server.ts'
import { ask, prompt, rawConnection, send, wire } from '../../helpers/simulator-client.ts'

const running: ModelServer[] = []
const start = async (options: Partial<ModelServerOptions> = {}): Promise<ModelServer> => {
  const server = await startModelServer({ model: 'Tiny', ...options })
  running.push(server)
  return server
}
afterEach(() => Promise.all(running.splice(0).map((server) => server.close())))

const chat = (server: ModelServer, text = 'Case.') => send(`${server.url}/chat/completions`, prompt(text))

describe('the ledger of a simulated server', () => {
  it('keeps what was asked, when, and the id of the answer', async () => {
    const server = await start()
    const { body } = await ask(server, prompt('Case.', { max_tokens: 99, priority: 4 }))
    const [entry] = server.ledger.entries
    expect(entry).toMatchObject({
      id: JSON.parse(body.toString()).id,
      model: 'Tiny',
      max_tokens: 99,
      priority: 4,
      aborted: false,
      fault: null,
      messages: [
        { role: 'system', content: 'You write.' },
        { role: 'user', content: 'Case.' },
      ],
    })
    expect(entry?.receivedAt).toBeLessThanOrEqual(entry?.startedAt as number)
    expect(entry?.startedAt).toBeLessThanOrEqual(entry?.endedAt as number)
  })

  it('counts a request from its arrival, so that one more than the slots shows', async () => {
    const server = await start({ slots: 2 })
    server.setFaults(() => ({ kind: 'hang' }))
    const calls = [chat(server), chat(server), chat(server)]
    await server.ledger.until(({ entries }) => entries.filter(({ startedAt }) => startedAt !== null).length === 2)
    await server.ledger.until(({ received }) => received === 3)
    expect([server.ledger.inFlight, server.ledger.maxInFlight]).toEqual([3, 3])
    for (const { abort } of calls) abort()
    await server.ledger.idle()
    expect([server.ledger.inFlight, server.ledger.maxInFlight, server.ledger.aborted]).toEqual([0, 3, 3])
  })

  it('does not count a request whose answer is out, even when the next comes at once', async () => {
    const server = await start({ slots: 1 })
    for (let at = 0; at < 200; at++) await ask(server, prompt(`Case ${at}.`))
    expect([server.ledger.received, server.ledger.maxInFlight]).toEqual([200, 1])
  })

  it('records a client that goes away while it waits for a slot, and never starts it', async () => {
    const server = await start({ slots: 1 })
    server.setFaults([{ kind: 'hang' }])
    const first = chat(server)
    await server.ledger.until(({ entries }) => entries[0]?.startedAt != null)
    const second = chat(server)
    await server.ledger.until(({ received }) => received === 2)
    second.abort()
    await server.ledger.until(({ aborted }) => aborted === 1)
    first.abort()
    await server.ledger.idle()
    expect(server.ledger.entries[1]).toMatchObject({ startedAt: null, aborted: true })
    expect((await ask(server, prompt('x'))).status).toBe(200)
  })

  it('records a client that breaks off while it still sends its request', async () => {
    const server = await start()
    const { socket } = rawConnection(server.port)
    socket.write(wire(prompt('Case.')).slice(0, -10))
    await server.ledger.until(({ inFlight }) => inFlight === 1)
    socket.destroy()
    await server.ledger.idle()
    expect(server.ledger.entries[0]).toMatchObject({ aborted: true, messages: [] })
  })

  it('counts pipelined requests of one connection, and ends them all when it goes', async () => {
    const server = await start({ slots: 1 })
    server.setFaults([{ kind: 'hang' }])
    const { socket } = rawConnection(server.port)
    socket.write(wire(prompt('One.')) + wire(prompt('Two.')))
    await server.ledger.until(({ received }) => received === 2)
    socket.destroy()
    await server.ledger.idle()
    expect(server.ledger.aborted).toBe(2)
  })

  it('gives slots in the order of arrival', async () => {
    const server = await start({ slots: 1, latencyMs: 2 })
    const texts = Array.from({ length: 20 }, (_, at) => `Case ${at}.`)
    const answers: Promise<unknown>[] = []
    for (const [at, text] of texts.entries()) {
      answers.push(chat(server, text).answer)
      await server.ledger.until(({ received }) => received > at)
    }
    await Promise.all(answers)
    const started = server.ledger.entries.map(({ startedAt }) => startedAt as number)
    expect(started).toEqual(started.toSorted((a, b) => a - b))
  })

  it('keeps the latest entries only, and can be cleared', async () => {
    const server = await start({ keepEntries: 2 })
    for (let at = 0; at < 9; at++) await ask(server, prompt(`Case ${at}.`))
    expect(server.ledger.entries.length).toBeLessThanOrEqual(4)
    expect(server.ledger.entries.at(-1)?.messages[1]?.content).toBe('Case 8.')
    expect(server.ledger.received).toBe(9)
    server.ledger.clear()
    expect([server.ledger.received, server.ledger.maxInFlight, server.ledger.entries.length]).toEqual([0, 0, 0])
  })

  it('serves 500 connections at once', async () => {
    const server = await start({ slots: 500 })
    server.setFaults(() => ({ kind: 'hang_body' }))
    const calls = Array.from({ length: 500 }, () => chat(server))
    await Promise.all(calls.map(({ begun }) => begun))
    expect([server.ledger.inFlight, server.ledger.maxInFlight]).toEqual([500, 500])
    for (const { abort } of calls) abort()
    await server.ledger.idle()
    expect(server.ledger.aborted).toBe(500)
  })

  it('ends every socket at once when the server closes', async () => {
    const server = await start({ slots: 1 })
    server.setFaults(() => ({ kind: 'hang' }))
    const calls = [chat(server), chat(server), chat(server)]
    await server.ledger.until(({ inFlight }) => inFlight === 3)
    await server.close()
    expect((await Promise.all(calls.map(({ answer }) => answer))).map(({ error }) => error)).toEqual(
      Array(3).fill('ECONNRESET'),
    )
    expect([server.ledger.inFlight, server.ledger.aborted]).toEqual([0, 0])
  })
})
