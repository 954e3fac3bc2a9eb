import { afterEach, describe, expect, it } from 'vitest'
import type { Fault } from '../../../simulator/faults.ts'
import type { ModelServerOptions } from '../../../simulator/options.ts'
import { type ModelServer, startModelServer } from '../../../simulator/server.ts'
import { ask, prompt, rawConnection, send, wire } from '../../helpers/simulator-client.ts'

const running: ModelServer[] = []
const start = async (fault: Fault | null, options: Partial<ModelServerOptions> = {}): Promise<ModelServer> => {
  const server = await startModelServer({ model: 'Tiny', ...options })
  running.push(server)
  server.setFaults([fault])
  return server
}
afterEach(() => Promise.all(running.splice(0).map((server) => server.close())))

const chat = (server: ModelServer) => send(`${server.url}/chat/completions`, prompt('Case.'))

/** Sends on a raw socket and gives what came back when the connection ended. */
async function raw(server: ModelServer): Promise<{ bytes: string; ended: string }> {
  const { socket, received, ended } = rawConnection(server.port)
  socket.write(wire(prompt('Case.')))
  return { ended: await ended, bytes: received() }
}

describe('a fault in how a model server answers', () => {
  it('hang: takes the request, starts it and sends nothing until the client leaves', async () => {
    const server = await start({ kind: 'hang' })
    const { socket, received } = rawConnection(server.port)
    socket.write(wire(prompt('Case.')))
    await server.ledger.until(({ entries }) => entries[0]?.startedAt != null)
    expect([received(), server.ledger.inFlight]).toEqual(['', 1])
    socket.destroy()
    await server.ledger.idle()
    expect(server.ledger.entries[0]).toMatchObject({ aborted: true, fault: 'hang' })
  })

  it('hang_body: sends the head and half of the body, and holds the connection', async () => {
    const server = await start({ kind: 'hang_body' })
    const { begun, abort, answer } = chat(server)
    await begun
    expect(server.ledger.inFlight).toBe(1)
    abort()
    const { status, headers, body } = await answer
    expect(status).toBe(200)
    expect(body.length).toBe(Number(headers['content-length']) >> 1)
  })

  it('trickle: sends the whole answer byte by byte', async () => {
    const server = await start({ kind: 'trickle', interval_ms: 1 }, { reply: () => 'ok' })
    const sizes: number[] = []
    const { socket, received, ended } = rawConnection(server.port)
    socket.on('data', (chunk: Buffer) => sizes.push(chunk.length))
    socket.write(wire(prompt('Case.')))
    await server.ledger.until(({ entries }) => entries[0]?.endedAt != null)
    socket.end()
    await ended
    expect(received()).toMatch(/"total_tokens":\d+\}\}$/)
    expect(sizes.length).toBeGreaterThan(20)
  })

  it('slow: answers rightly, but not before the time is over', async () => {
    const server = await start({ kind: 'slow', ms: 60_000 }, { slots: 2 })
    const { abort, answer } = chat(server)
    await server.ledger.until(({ entries }) => entries[0]?.startedAt != null)
    expect((await ask(server, prompt('Other.'))).status).toBe(200)
    abort()
    expect((await answer).status).toBe(null)
    await server.ledger.idle()
    expect(server.ledger.entries.map(({ aborted }) => aborted)).toEqual([true, false])
  })

  it('reset at the request: RST before any byte, and no slot taken', async () => {
    const server = await start({ kind: 'reset', at: 'request' })
    expect(await raw(server)).toEqual({ bytes: '', ended: 'ECONNRESET' })
    expect(server.ledger.entries[0]).toMatchObject({ startedAt: null, aborted: false })
  })

  it('reset in the head: RST in the middle of the headers', async () => {
    const { bytes, ended } = await raw(await start({ kind: 'reset', at: 'headers' }))
    expect(ended).toBe('ECONNRESET')
    expect(bytes).toBe('HTTP/1.1 200 OK\r\ncontent-ty')
  })

  it('reset in the body: RST after half of it', async () => {
    const { bytes, ended } = await raw(await start({ kind: 'reset', at: 'body' }))
    expect(ended).toBe('ECONNRESET')
    const [head, body] = bytes.split('\r\n\r\n')
    const length = Number(/content-length: (\d+)/.exec(head ?? '')?.[1])
    expect(Buffer.byteLength(body ?? '', 'latin1')).toBe(length >> 1)
  })

  it('truncated: announces more than it sends, and closes in good order', async () => {
    const { bytes, ended } = await raw(await start({ kind: 'truncated' }))
    expect(ended).toBe('end')
    const [head, body] = bytes.split('\r\n\r\n')
    expect(Number(/content-length: (\d+)/.exec(head ?? '')?.[1])).toBeGreaterThan(body?.length ?? 0)
    expect(body?.length).toBeGreaterThan(0)
  })

  it.each(['length', 'chunked'] as const)('huge: sends 3 MB of valid JSON, framed by %s', async (framing) => {
    const { headers, body } = await ask(await start({ kind: 'huge', megabytes: 3, framing }), prompt('Case.'))
    expect(headers['content-length']).toBe(framing === 'length' ? String(body.length) : undefined)
    expect(JSON.parse(body.toString()).choices[0].message.content).toHaveLength(3 * 1024 * 1024)
  })

  it('huge: sends 50 MB as a gzip bomb of less than 100 KB', async () => {
    const { headers, body } = await ask(await start({ kind: 'huge', megabytes: 50, framing: 'gzip' }), prompt('Case.'))
    expect(headers['content-encoding']).toBe('gzip')
    expect(body.length).toBeLessThan(100_000)
  })

  it('huge: stops sending when the client has had enough', async () => {
    const server = await start({ kind: 'huge', megabytes: 4000, framing: 'chunked' })
    const { begun, abort } = chat(server)
    await begun
    abort()
    await server.ledger.idle()
    expect(server.ledger.entries[0]?.aborted).toBe(true)
  })

  it('raw: writes these very bytes and closes', async () => {
    const bytes = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\xff'
    expect(await raw(await start({ kind: 'raw', bytes }))).toEqual({ bytes, ended: 'end' })
  })

  it('raw: holds the connection when told to', async () => {
    const server = await start({ kind: 'raw', bytes: 'HTTP/1.1 200 OK\r\n', hold: true })
    const { socket } = rawConnection(server.port)
    socket.write(wire(prompt('Case.')))
    await new Promise((resolve) => socket.once('data', resolve))
    expect(server.ledger.inFlight).toBe(1)
    socket.destroy()
    await server.ledger.idle()
  })
})

describe('a port that refuses', () => {
  it('refuses connections until it is opened again, and ends those that were there', async () => {
    const server = await start({ kind: 'hang' })
    const { answer } = chat(server)
    await server.ledger.until(({ inFlight }) => inFlight === 1)
    await server.refuse()
    expect((await answer).error).toBe('ECONNRESET')
    expect(server.ledger.entries[0]).toMatchObject({ aborted: false, endedAt: expect.any(Number) })
    expect((await ask(server, prompt('x'))).error).toBe('ECONNREFUSED')
    await server.reopen()
    expect((await ask(server, prompt('x'))).status).toBe(200)
  })

  it('opens by itself after the time of a refuse fault', async () => {
    const server = await start({ kind: 'refuse', for_ms: 30 })
    expect((await ask(server, prompt('x'))).error).toBe('ECONNRESET')
    let status: number | null = null
    while (status === null) ({ status } = await ask(server, prompt('x')))
    expect(status).toBe(200)
  })

  it('stays closed when the server has been closed meanwhile', async () => {
    const server = await start({ kind: 'refuse', for_ms: 1 })
    await ask(server, prompt('x'))
    await server.close()
    await server.reopen()
    expect((await ask(server, prompt('x'))).error).toBe('ECONNREFUSED')
  })
})
