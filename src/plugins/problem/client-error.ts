import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { PROBLEMS } from '../../errors.ts'
import { problemType } from './body.ts'

/** A client that never reads its answer must not hold the socket. */
const LINGER_MS = 1000

interface Refusal {
  status: number
  reason: string
  detail: string
}

const MALFORMED: Refusal = { status: 400, reason: 'Bad Request', detail: 'The request is not valid HTTP/1.1.' }
const BY_CODE: ReadonlyMap<string, Refusal> = new Map([
  [
    'ERR_HTTP_REQUEST_TIMEOUT',
    { status: 408, reason: 'Request Timeout', detail: 'The request did not arrive completely in time.' },
  ],
  [
    'HPE_HEADER_OVERFLOW',
    { status: 431, reason: 'Request Header Fields Too Large', detail: 'The request headers are too large.' },
  ],
])

/** The whole HTTP answer to bytes that are no request. There is no request id yet, so `instance` is a fresh one. */
function clientErrorAnswer(code: string | undefined, instance: string): string {
  const { status, reason, detail } = BY_CODE.get(code ?? '') ?? MALFORMED
  const body = JSON.stringify({
    type: problemType('invalid_request'),
    title: PROBLEMS.invalid_request.title,
    status,
    code: 'invalid_request',
    detail,
    instance,
    errors: [],
  })
  return [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}

interface Answered {
  headersSent?: boolean
  req?: { complete?: boolean }
}

/**
 * Whether an answer written now would be taken for another: a response has begun on this socket, or a request that has
 * arrived whole still waits for its own, and what was refused came behind it.
 */
const answering = (socket: Socket & { _httpMessage?: Answered | null }): boolean =>
  socket._httpMessage?.headersSent === true || socket._httpMessage?.req?.complete === true

/**
 * For Fastify's `clientErrorHandler`: answers what the HTTP parser refused (400, 408, 431) with a small problem and
 * closes the connection. The parser reports every further chunk again, hence the check of `writableEnded`.
 */
export function clientErrorHandler(
  this: { log: Pick<FastifyBaseLogger, 'debug'> },
  error: Error & { code?: string },
  socket: Socket,
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || socket.writableEnded) return
  if (!socket.writable || answering(socket)) {
    socket.destroy()
    return
  }
  const instance = randomUUID()
  this.log.debug({ request_id: instance, code: error.code }, 'not a request')
  // Not destroyed at once: a reset would overtake the answer while the client still sends.
  socket.end(clientErrorAnswer(error.code, instance))
  const linger = setTimeout(() => socket.destroy(), LINGER_MS).unref()
  socket.once('close', () => clearTimeout(linger))
}
