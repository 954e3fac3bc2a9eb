import type { Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { authorization, type LogLine, type TestService } from '../../helpers/service.ts'
import { rawConnection } from '../../helpers/simulator-client.ts'
import { takeAnswers, write } from './exchange.ts'
import { type Body, type Heard, understand } from './heard.ts'
import { until } from './until.ts'

/** A caller on a connection of its own, who may leave, half-close it, or ask for several things at once. */
export interface Caller {
  socket: Socket
  /** Goes away without a word of HTTP. */
  leave: () => void
  /** Everything that has come so far. */
  received: () => string
  /** How the connection ended: "end" for FIN, the code for an error. Never settles for one that left. */
  closed: Promise<string>
  /** The answers, in the order of the requests, when the service has closed the connection behind the last. */
  answers: () => Promise<Heard[]>
  /** One log line per request: how its run ended. Rejects when a run does not end. */
  ended: () => Promise<LogLine[]>
}

/** Long, for a busy machine: the second within which servers must hear is held by their ledger (C01). */
const PATIENCE_MS = 5000

let callers = 0

/** Sends all requests in one segment, and behind them a question about health unless `more` closes the connection. Each has a subject of its own, by which the log tells their runs apart. */
export function startCaller(
  service: TestService,
  url: string,
  bodies: readonly Body[],
  more: Readonly<Record<string, string>>,
): Caller {
  const { host, port, pathname } = new URL(url)
  const requests = bodies.map((body) => ({ subject: `caller-${++callers}`, text: JSON.stringify(body) }))
  const { socket, bytes, received, ended } = rawConnection(Number(port))
  onTestFinished(() => void socket.destroy())
  const segment = requests.map(({ subject, text }) => {
    const headers = {
      host,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      ...authorization({ subject }),
      ...more,
    }
    return write(`POST ${pathname}`, headers, text)
  })
  const sent = performance.now()
  const behind = more.connection === 'close' ? '' : write('GET /health/live', { host, connection: 'close' })
  socket.write(segment.join('') + behind)
  const linesOf = (subject: string) =>
    service.lines.filter((line) => line.msg === 'run ended' && line.subject === subject)
  return {
    socket,
    leave: () => void socket.destroy(),
    received,
    closed: ended,
    answers: async () => {
      await ended
      const elapsed_ms = performance.now() - sent
      return Promise.all(
        takeAnswers(bytes())
          .slice(0, -1)
          .map((reply) => understand(reply, elapsed_ms)),
      )
    },
    ended: async () => {
      const missing = () => requests.filter(({ subject }) => linesOf(subject).length === 0)
      await until(() => missing().length === 0, 'the end of a run', PATIENCE_MS)
      return requests.flatMap(({ subject }) => linesOf(subject))
    },
  }
}
