import { connect } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { authorization, type TestService } from '../../helpers/service.ts'
import { clinicalRun } from './cases.ts'
import { startTrial } from './oracle.ts'
import { until } from './until.ts'

const EACH = 500
const ROUTE = 'POST /v1/workflows/execute HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'

/** How a client begins that never comes to an end, and what it adds now and then. */
const DRIBBLES = {
  headers: { begin: `${ROUTE}x-slow: `, more: 'a' },
  body: {
    begin: `${ROUTE}authorization: ${authorization().authorization}\r\ncontent-length: 100000\r\n\r\n{"workflow_type":"`,
    more: 'a',
  },
} as const

/** One who goes on for ever, a byte at a time; gives all that came until the service closed the connection. */
function dribble(port: number, kind: keyof typeof DRIBBLES): Promise<string> {
  const { begin, more } = DRIBBLES[kind]
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.setEncoding('latin1').on('data', (text) => {
    received += text
  })
  // The service may close while this side writes: what it answered is what counts.
  socket.on('error', () => undefined)
  socket.write(begin)
  const timer = setInterval(() => void socket.write(more), 300)
  const stop = () => {
    clearInterval(timer)
    socket.destroy()
  }
  onTestFinished(stop)
  return new Promise((resolve) =>
    socket.once('close', () => {
      stop()
      resolve(received)
    }),
  )
}

const connectionsOf = ({ app }: TestService) =>
  new Promise<number>((resolve) => app.server.getConnections((_, count) => resolve(count)))

/** Put in place of the service's own 10 and 30 s once others have been served. */
const HASTE = { headersTimeout: 100, requestTimeout: 200 }

it('C02 a thousand clients who send a byte at a time are answered 408 and closed, while others are served', async () => {
  const trial = await startTrial()
  const port = Number(new URL(await trial.listen()).port)
  const slow: Promise<{ kind: string; received: string }>[] = []
  // Not all in one turn of the event loop, which would be shed as overload.
  while (slow.length < 2 * EACH) {
    for (const kind of ['headers', 'body'] as const)
      for (let count = 0; count < EACH / 10; count++)
        slow.push(dribble(port, kind).then((received) => ({ kind, received })))
    await until(async () => (await connectionsOf(trial)) === slow.length, 'the slow connections', 5000)
  }

  const served = []
  for (let count = 0; count < 10; count++) served.push(await trial.ask(clinicalRun([{ task_id: 'a' }])))
  expect(await connectionsOf(trial), 'slow clients still there').toBe(2 * EACH)
  expect(served.map(({ run }) => run?.status)).toEqual(Array(10).fill('succeeded'))

  Object.assign(trial.app.server, HASTE)
  const answers = await Promise.all(slow)
  for (const { kind, received } of answers) expect([kind, received.slice(0, 12)]).toEqual([kind, 'HTTP/1.1 408'])
  await expect.poll(() => connectionsOf(trial)).toBe(0)
  expect((await trial.ask(clinicalRun([{ task_id: 'a' }]))).run?.status).toBe('succeeded')
  expect(trial.simulator.ledger.received).toBe(11)
})
