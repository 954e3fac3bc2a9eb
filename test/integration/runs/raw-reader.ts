import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { readEvents } from '../../../src/cli/events.ts'
import { authorization } from '../../helpers/service.ts'
import type { Told } from '../../helpers/stream.ts'

export interface RawReader {
  socket: Socket
  /** Every byte received so far, as one character each: a chunk may end inside a longer one. */
  text: () => string
  /** Resolves as soon as what was received matches; rejects when the connection ends without it. */
  says: (pattern: RegExp) => Promise<void>
  /** Resolves when a chunked answer has ended. */
  whole: () => Promise<void>
  /** How the connection ended. */
  closed: Promise<'closed' | 'reset'>
}

/** The request of a user as bytes. */
export function request(body: object, { authorization: bearer } = authorization()): string {
  const text = JSON.stringify(body)
  const head = [
    'POST /v1/workflows/execute HTTP/1.1',
    'host: test',
    'content-type: application/json',
    'accept: text/event-stream',
    `authorization: ${bearer}`,
    `content-length: ${Buffer.byteLength(text)}`,
  ]
  return `${head.join('\r\n')}\r\n\r\n${text}`
}

/** A caller on a bare socket, which sends `bytes` and reads; `socket.pause()` makes it one that does not. */
export function rawReader(port: number, bytes: string): RawReader {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let text = ''
  // Looking at the end of a text that grows piece by piece would copy it whole each time.
  let tail = ''
  const looks = new Set<() => void>()
  const closed = new Promise<'closed' | 'reset'>((resolve) => {
    let reset = false
    socket.on('error', () => {
      reset = true
    })
    socket.on('end', () => socket.end())
    socket.on('close', () => resolve(reset ? 'reset' : 'closed'))
  })
  socket.setEncoding('latin1').on('data', (piece) => {
    text += piece
    tail = (tail + piece).slice(-7)
    for (const look of looks) look()
  })
  socket.write(bytes)
  onTestFinished(() => void socket.destroy())
  const until = (met: () => boolean, what: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (met()) resolve()
      }
      looks.add(look)
      look()
      void closed.then(() => reject(new Error(`The connection ended before ${what}:\n${text.slice(0, 2000)}`)))
    })
  const says = (pattern: RegExp) => until(() => pattern.test(text), String(pattern))
  const whole = () => until(() => tail === '\r\n0\r\n\r\n', 'the last chunk')
  return { socket, text: () => text, says, whole, closed }
}

/** The text inside a chunked answer; what follows its last whole chunk is left out. */
export function unchunk(answer: string): string {
  let rest = Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1')
  const parts: Buffer[] = []
  for (;;) {
    const line = rest.indexOf('\r\n')
    const size = Number.parseInt(rest.toString('latin1', 0, line), 16)
    if (line < 0 || !(size > 0) || rest.length < line + 2 + size) return Buffer.concat(parts).toString()
    parts.push(rest.subarray(line + 2, line + 2 + size))
    rest = rest.subarray(line + 4 + size)
  }
}

/** The events of a chunked answer. */
export async function eventsOf(answer: string): Promise<Told[]> {
  const all: Told[] = []
  for await (const { id, event, data } of readEvents(new Blob([unchunk(answer)]).stream()))
    all.push({ id, event, data: JSON.parse(data) } as Told)
  return all
}
