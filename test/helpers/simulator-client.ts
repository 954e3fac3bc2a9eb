import { type IncomingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'

/** What a client got from a server, up to the end or the error. */
export interface Got {
  status: number | null
  headers: IncomingHttpHeaders
  body: Buffer
  /** Code or message of the error that ended it, null when it ended in good order. */
  error: string | null
}

interface Sent {
  /** Aborts the request; what has come until then stays in the answer. */
  abort(): void
  answer: Promise<Got>
  /** Resolves at the first byte of the body. */
  begun: Promise<void>
}

export const prompt = (content: string, more: object = {}): object => ({
  model: 'm',
  messages: [
    { role: 'system', content: 'You write.' },
    { role: 'user', content },
  ],
  ...more,
})

/** Sends one request on a connection of its own. */
export function send(url: string, body: object | string | null, headers: Record<string, string> = {}): Sent {
  const got: Got = { status: null, headers: {}, body: Buffer.alloc(0), error: null }
  const begun = Promise.withResolvers<void>()
  const { promise: answer, resolve } = Promise.withResolvers<Got>()
  const fail = (error: NodeJS.ErrnoException): void => {
    got.error ??= error.code ?? error.message
    resolve(got)
  }
  const req = request(url, { method: body === null ? 'GET' : 'POST', agent: false, headers }, (res) => {
    got.status = res.statusCode ?? null
    got.headers = res.headers
    res.on('data', (chunk: Buffer) => {
      got.body = Buffer.concat([got.body, chunk])
      begun.resolve()
    })
    res.on('error', fail)
    res.on('end', () => resolve(got))
  })
  req.on('error', fail)
  req.end(body === null ? undefined : typeof body === 'string' ? body : JSON.stringify(body))
  return { abort: () => req.destroy(), answer, begun: begun.promise }
}

/** Asks for a chat completion. */
export const ask = (server: { url: string }, body: object | string, headers: Record<string, string> = {}) =>
  send(`${server.url}/chat/completions`, body, headers).answer

interface Completion {
  id: string
  model: string
  choices: { message: { role: string; content: string; tool_calls?: unknown[] }; finish_reason: string }[]
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number }
}

/** Asks for a chat completion that must succeed. */
export async function completion(server: { url: string }, body: object): Promise<Completion & { text: string }> {
  const { status, body: bytes } = await ask(server, body)
  const parsed = JSON.parse(bytes.toString()) as Completion
  if (status !== 200) throw new Error(`status ${status}: ${bytes}`)
  return { ...parsed, text: parsed.choices[0]?.message.content ?? '' }
}

/** The bytes of a chat completion request, for a raw socket. */
export function wire(body: object): string {
  const text = JSON.stringify(body)
  return `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
}

/** A raw connection that collects what comes. `ended` gives "end" for FIN and the error code for anything else. */
export function rawConnection(port: number): {
  socket: Socket
  received(): string
  bytes(): Buffer
  ended: Promise<string>
} {
  let bytes = Buffer.alloc(0)
  const { promise: ended, resolve } = Promise.withResolvers<string>()
  const socket = connect(port, '127.0.0.1')
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
  })
  socket.on('end', () => resolve('end'))
  socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  return { socket, received: () => bytes.toString('latin1'), bytes: () => bytes, ended }
}
