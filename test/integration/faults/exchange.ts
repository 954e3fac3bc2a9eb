import { expect } from 'vitest'
import { rawConnection } from '../../helpers/simulator-client.ts'

/** One HTTP answer, read off the wire. */
export interface Reply {
  statusCode: number
  headers: Readonly<Record<string, string>>
  body: string
}

const HEAD_END = '\r\n\r\n'

interface Part {
  reply: Reply
  /** What stands behind the answer. */
  rest: Buffer
}

function takeChunks(bytes: Buffer): { body: Buffer; rest: Buffer } {
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (lineEnd < 0 || Number.isNaN(size)) throw new Error('The answer breaks off within its chunked body')
    at = lineEnd + 2
    parts.push(bytes.subarray(at, at + size))
    at += size + 2
    if (size === 0) return { body: Buffer.concat(parts), rest: bytes.subarray(at) }
  }
}

/** Takes one answer off the front of what a server sent. */
function takeAnswer(bytes: Buffer): Part {
  const end = bytes.indexOf(HEAD_END)
  if (end < 0) throw new Error(`There is no whole answer in ${bytes.length} bytes`)
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const headers: Record<string, string> = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const after = bytes.subarray(end + HEAD_END.length)
  const length = Number(headers['content-length'])
  const { body, rest } =
    headers['transfer-encoding'] === 'chunked'
      ? takeChunks(after)
      : { body: after.subarray(0, length), rest: after.subarray(length) }
  return { reply: { statusCode: Number(first.split(' ')[1]), headers, body: body.toString() }, rest }
}

/** All answers that a server sent; fails when anything else is there, or half of one. */
export function takeAnswers(bytes: Buffer): Reply[] {
  const replies: Reply[] = []
  for (let left = bytes; left.length > 0; ) {
    const { reply, rest } = takeAnswer(left)
    replies.push(reply)
    left = rest
  }
  return replies
}

/** A request as bytes; `line` is its method and path. */
export const write = (line: string, headers: Readonly<Record<string, string | number>>, body = ''): string =>
  `${line} HTTP/1.1\r\n${Object.entries(headers)
    .map((pair) => `${pair.join(': ')}\r\n`)
    .join('')}\r\n${body}`

/**
 * Posts JSON on a connection of its own, and behind it a question about health: two requests, so exactly two answers.
 * Fails when they are not there within `patience_ms`, and when anything else is.
 */
export async function exchange(
  url: string,
  body: object,
  headers: Readonly<Record<string, string>>,
  patience_ms: number,
): Promise<Reply> {
  const { host, port, pathname } = new URL(url)
  const text = JSON.stringify(body)
  const { socket, bytes, ended } = rawConnection(Number(port))
  let late = false
  const timer = setTimeout(() => {
    late = true
    socket.destroy(new Error('no answer in time'))
  }, patience_ms)
  socket.write(
    write(`POST ${pathname}`, { host, 'content-length': Buffer.byteLength(text), ...headers }, text) +
      write('GET /health/live', { host, connection: 'close' }),
  )
  const how = await ended
  clearTimeout(timer)
  if (late) throw new Error(`No answer within ${patience_ms} ms`)
  expect(how, 'how the connection ended').toBe('end')
  const { reply, rest } = takeAnswer(bytes())
  const behind = takeAnswer(rest)
  expect([behind.reply.statusCode, behind.rest.length], 'what comes behind the answer').toEqual([200, 0])
  return reply
}
