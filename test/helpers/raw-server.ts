import { createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** One request as it arrived, and the socket to answer on, byte by byte. */
export interface RawCall {
  method: string
  path: string
  headers: Readonly<Record<string, string>>
  body: string
  socket: Socket
  /** Settles when this connection is gone, whoever ended it. */
  closed: Promise<void>
}

export type RawHandler = (call: RawCall) => void

export interface RawServer {
  port: number
  /** Base URL as a roster has it. */
  url: string
  /** Every request so far: the oracle of what was really sent. */
  calls: readonly RawCall[]
  /** Connections accepted so far. */
  connections: () => number
  /** The call number `index`, as soon as it is there. */
  call: (index: number) => Promise<RawCall>
}

interface Pending {
  call: Omit<RawCall, 'socket' | 'closed'>
  rest: Buffer
}

/** The first whole request of what has arrived; null while more must come. */
function parseRequest(received: Buffer): Pending | null {
  const end = received.indexOf('\r\n\r\n')
  if (end < 0) return null
  const [first = '', ...lines] = received.toString('latin1', 0, end).split('\r\n')
  const [method = '', path = ''] = first.split(' ')
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const length = Number(headers['content-length'] ?? 0)
  const start = end + 4
  if (received.length < start + length) return null
  const body = received.toString('utf8', start, start + length)
  return { call: { method, path, headers, body }, rest: received.subarray(start + length) }
}

/** A TCP server that reads HTTP requests and does to the connection whatever `handle` says. Ends with the test. */
export async function startRawServer(handle: RawHandler, onConnection?: (socket: Socket) => void): Promise<RawServer> {
  const calls: RawCall[] = []
  const waiting: { index: number; resolve: (call: RawCall) => void }[] = []
  const sockets = new Set<Socket>()
  let connections = 0

  const take = (call: RawCall) => {
    calls.push(call)
    for (const { index, resolve } of waiting) if (index === calls.length - 1) resolve(call)
    handle(call)
  }
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    const closed = new Promise<void>((resolve) =>
      socket.once('close', () => {
        sockets.delete(socket)
        resolve()
      }),
    )
    // A client that gives up resets the connection; that is what many of these tests are about.
    socket.on('error', () => undefined)
    let received: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      for (let next = parseRequest(received); next !== null; next = parseRequest(received)) {
        received = next.rest
        take({ ...next.call, socket, closed })
      }
    })
    onConnection?.(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}/v1`,
    calls,
    connections: () => connections,
    call: (index) => {
      const there = calls[index]
      return there ? Promise.resolve(there) : new Promise((resolve) => waiting.push({ index, resolve }))
    },
  }
}

/**
 * Sends `chunk` again and again, as fast as the client reads, until the connection is gone. A write that failed is not
 * followed by another: the socket counts as destroyed only later, and until then each would fail at once, for ever.
 */
export function pour(socket: Socket, chunk: Buffer | string): void {
  const more = (error?: Error | null) => {
    if (!error && socket.writable) socket.write(chunk, more)
  }
  more()
}

/** A port of loopback on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  await new Promise((resolve) => server.close(resolve))
  return address.port
}

export interface RawAnswer {
  status?: number
  headers?: Readonly<Record<string, string>>
  body?: string | Buffer
}

/** An HTTP answer as bytes; its content-length is that of the body unless `headers` says another. */
export function httpAnswer({ status = 200, headers = {}, body = '' }: RawAnswer): Buffer {
  const bytes = Buffer.from(body)
  const all = { 'content-type': 'application/json', 'content-length': String(bytes.length), ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Said So\r\n${lines.join('')}\r\n`), bytes])
}

export interface CompletionParts {
  content?: unknown
  finish_reason?: unknown
  usage?: unknown
}

/** The body of a chat completion. `usage: undefined` leaves it out. */
export function chatCompletion(parts: CompletionParts = {}): string {
  const { content = 'An answer.', finish_reason = 'stop' } = parts
  const usage = 'usage' in parts ? parts.usage : { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 }
  return JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason }],
    usage,
  })
}
