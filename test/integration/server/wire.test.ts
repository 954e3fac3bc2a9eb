import { connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { bearer, hmacToken } from '../../helpers/gate-tokens.ts'
import { startListening, startServer } from '../../helpers/process.ts'

/** A raw connection; `closed` gives all that came until the server closed it. */
function open(port: number, ...parts: string[]): { socket: Socket; closed: Promise<string> } {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let received = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    received += chunk
  })
  // The server may close while we still write: what it answered is what counts.
  socket.on('error', () => undefined)
  for (const part of parts) socket.write(part)
  return { socket, closed: new Promise((resolve) => socket.once('close', () => resolve(received))) }
}

const head = (...headers: string[]) =>
  ['POST /v1/workflows/execute HTTP/1.1', 'host: x', 'content-type: application/json', ...headers, '', ''].join('\r\n')
const AUTHORIZED = () => `authorization: ${bearer(hmacToken()).authorization}`

const statusOf = (received: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1])
const problemOf = (received: string) =>
  JSON.parse(received.slice(received.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>

const isAlive = async (origin: string) => (await fetch(`${origin}/health/live`)).status === 200

/** Makes the server's own time limits run fifty times as fast; a limit that is not set stays not set. */
const HASTE = `data:text/javascript,${encodeURIComponent(`
  import http from 'node:http'; import net from 'node:net';
  const make = http.createServer;
  http.createServer = (options, handler) =>
    make({ ...options, connectionsCheckingInterval: options.connectionsCheckingInterval / 50 }, handler);
  const listen = net.Server.prototype.listen;
  net.Server.prototype.listen = function (...args) {
    this.headersTimeout /= 50; this.requestTimeout /= 50; return listen.apply(this, args);
  }`)}`

async function startHasty() {
  const server = startServer({}, ['--import', HASTE])
  const [, origin = ''] = await server.says(/"address":"(http:[^"]+)".*"listening"/)
  return { ...server, origin, port: Number(new URL(origin).port) }
}

describe('a client that sends slower than it may', () => {
  it('is answered 408 and closed when its headers do not end, while others are served', async () => {
    const { port, origin } = await startHasty()
    const slow = Array.from({ length: 100 }, () => open(port, 'POST /v1/workflows/execute HTTP/1.1\r\nx-slow: 1\r\n'))
    expect(await isAlive(origin)).toBe(true)
    const answers = await Promise.all(slow.map(({ closed }) => closed))
    expect(new Set(answers.map(statusOf))).toEqual(new Set([408]))
    expect(problemOf(answers[0] ?? '')).toMatchObject({ status: 408, code: 'invalid_request' })
  })

  it('is closed when its body does not end although bytes keep coming', async () => {
    const { port, origin } = await startHasty()
    const { socket, closed } = open(port, head(AUTHORIZED(), 'content-length: 1000'), '{"workflow_type":"')
    const trickle = setInterval(() => socket.write('a'), 20)
    onTestFinished(() => clearInterval(trickle))
    expect(statusOf(await closed)).toBe(408)
    expect(await isAlive(origin)).toBe(true)
  })
})

describe('a body over the limit', () => {
  const LIMIT = { BODY_LIMIT_BYTES: '4096' }

  it('is refused with 413 by its Content-Length, before any of it has come', async () => {
    const { port } = await startListening(LIMIT)
    const received = await open(port, head(AUTHORIZED(), 'content-length: 999999999')).closed
    expect(problemOf(received)).toMatchObject({ status: 413, code: 'body_too_large' })
  })

  it('is refused with 413 without Content-Length as soon as it passes the limit, and the connection is closed', async () => {
    const { port, origin } = await startListening(LIMIT)
    const chunk = `400\r\n${'a'.repeat(1024)}\r\n`
    const { closed } = open(port, head(AUTHORIZED(), 'transfer-encoding: chunked'), ...new Array(6).fill(chunk))
    const received = await closed
    expect(statusOf(received)).toBe(413)
    expect(received).toMatch(/^connection: close\r$/im)
    expect(await isAlive(origin)).toBe(true)
  })

  it('costs nothing when nobody was authenticated: 401 without reading it', async () => {
    const { port } = await startListening(LIMIT)
    const { closed, socket } = open(port, head('content-length: 999999999', 'connection: close'))
    socket.end()
    expect(statusOf(await closed)).toBe(401)
  })
})

describe('headers that no honest client sends', () => {
  it('over 16 KB in all are answered 431', async () => {
    const { port, origin } = await startListening()
    const received = await open(port, head(AUTHORIZED(), `x-bomb: ${'a'.repeat(65_536)}`)).closed
    expect(problemOf(received)).toMatchObject({ status: 431, code: 'invalid_request' })
    expect(await isAlive(origin)).toBe(true)
  })

  it('by the thousand are answered 4xx', async () => {
    const { port, origin } = await startListening()
    const many = Array.from({ length: 3000 }, (_, n) => `x-${n}: ${n}`)
    const status = statusOf(await open(port, head('connection: close', 'content-length: 0', ...many)).closed)
    expect([400, 401, 431]).toContain(status)
    expect(await isAlive(origin)).toBe(true)
  })

  it('with two Authorization headers are answered 401, whichever of them is good', async () => {
    const { port } = await startListening()
    for (const pair of [
      [AUTHORIZED(), 'authorization: Bearer a.b.c'],
      ['authorization: Bearer a.b.c', AUTHORIZED()],
      [AUTHORIZED(), AUTHORIZED()],
    ]) {
      const { closed } = open(port, head(...pair, 'connection: close', 'content-length: 2'), '{}')
      expect(statusOf(await closed)).toBe(401)
    }
  })

  it('with Transfer-Encoding and Content-Length together are answered 400, and no second request is read out of them', async () => {
    const { port } = await startListening()
    const smuggled = '0\r\n\r\nGET /health/live HTTP/1.1\r\nhost: x\r\n\r\n'
    const received = await open(
      port,
      head(AUTHORIZED(), 'transfer-encoding: chunked', `content-length: ${smuggled.length}`),
      smuggled,
    ).closed
    expect(statusOf(received)).toBe(400)
    expect(received.match(/HTTP\/1\.1 \d{3}/g)).toHaveLength(1)
  })
})
