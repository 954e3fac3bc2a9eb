import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { closedPort, type RawCall, type RawHandler, startRawServer } from '../../helpers/raw-server.ts'
import { answer, dispatch, ended, openStore, SECRET } from './subject.ts'

/** The specification once more, in other words than the service's. */
function isGenuine({ headers, body }: RawCall): boolean {
  const key = Buffer.from(SECRET.replace('whsec_', ''), 'base64')
  const signed = [headers['webhook-id'], headers['webhook-timestamp'], body].join('.')
  return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(signed, 'utf8').digest('base64')}`
}

/** Does one thing after the other, the last for ever. */
const inTurn = (...handlers: RawHandler[]): RawHandler => {
  let calls = 0
  return (call) => handlers[Math.min(calls++, handlers.length - 1)]?.(call)
}

test('tells of the end of a run, signed', async () => {
  const store = await openStore()
  const server = await startRawServer((call) => answer(call, { status: 204 }))
  const run = await ended(store, `http://127.0.0.1:${server.port}/hooks?token=abc`)
  const before = Math.floor(Date.now() / 1000)
  const { attempts } = dispatch(store)
  const call = await server.call(0)
  expect(call).toMatchObject({
    method: 'POST',
    path: '/hooks?token=abc',
    headers: { 'content-type': 'application/json', 'webhook-id': `${run.run_id}_run_finished`, connection: 'close' },
  })
  expect(JSON.parse(call.body)).toEqual({
    type: 'run.finished',
    timestamp: new Date((await run.delivery()).created_at).toISOString(),
    data: {
      run_id: run.run_id,
      workflow_type: 'discharge_summary',
      status: 'succeeded',
      url: `/v1/runs/${run.run_id}`,
    },
  })
  expect(isGenuine(call)).toBe(true)
  expect(Number(call.headers['webhook-timestamp'])).toBeGreaterThanOrEqual(before)
  await run.settled({ status: 'delivered', attempts: 1, last_error: null })
  await expect.poll(() => attempts).toMatchObject([{ outcome: 'delivered', status: 204, attempt: 1, error: null }])
})

const elsewhere: RawHandler = (call) =>
  answer(call, { status: 307, headers: { location: `http://${call.headers.host}/elsewhere` } })

test.each<[string, RawHandler, string]>([
  ['answers 500', (call) => answer(call, { status: 500 }), 'http_500'],
  ['answers 410', (call) => answer(call, { status: 410 }), 'http_410'],
  ['redirects', elsewhere, 'http_307'],
  ['resets the connection', ({ socket }) => void socket.resetAndDestroy(), 'unreachable'],
  ['answers what is no HTTP', ({ socket }) => void socket.end('SMTP ready\r\n'), 'unreachable'],
  ['never answers', () => undefined, 'timeout'],
])('a receiver that %s is called again, with the same message, signed anew', async (_, handler, error) => {
  const store = await openStore()
  const server = await startRawServer(inTurn(handler, answer))
  const run = await ended(store, `http://127.0.0.1:${server.port}/`)
  const { attempts } = dispatch(store, { timeoutMs: error === 'timeout' ? 50 : 10_000 })
  await run.settled({ status: 'delivered', attempts: 2, last_error: error })
  const [first, second] = server.calls
  expect(server.calls).toHaveLength(2)
  expect(server.connections()).toBeGreaterThanOrEqual(2)
  expect([second?.path, second?.body, second?.headers['webhook-id']]).toEqual([
    '/',
    first?.body,
    first?.headers['webhook-id'],
  ])
  expect(server.calls.map(isGenuine)).toEqual([true, true])
  await expect
    .poll(() => attempts.map(({ outcome, error }) => [outcome, error]))
    .toEqual([
      ['failed', error],
      ['delivered', null],
    ])
})

test('a receiver that is not there is called until the schedule ends, then given up', async () => {
  const store = await openStore()
  const run = await ended(store, `http://127.0.0.1:${await closedPort()}/`)
  const { attempts } = dispatch(store)
  await run.settled({ status: 'given_up', attempts: 5, last_error: 'unreachable', next_at: null })
  await expect
    .poll(() => attempts.map(({ outcome }) => outcome))
    .toEqual(['failed', 'failed', 'failed', 'failed', 'given_up'])
})

test('waits between attempts as the schedule says', async () => {
  const store = await openStore()
  const server = await startRawServer((call) => answer(call, { status: 503 }))
  const run = await ended(store, `http://127.0.0.1:${server.port}/`)
  const now = Date.now() + 1000
  dispatch(store, { now: () => now, backoff: (count) => count * 7000 })
  await run.settled({ status: 'pending', attempts: 1, next_at: now + 7000, last_error: 'http_503' })
})

test('of an endless answer no more than the beginning is read', async () => {
  const store = await openStore()
  const server = await startRawServer(({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n${'x'.repeat(4096)}`)
  })
  const run = await ended(store, `http://127.0.0.1:${server.port}/`)
  // No deadline would end this: only that the rest is not wanted.
  dispatch(store)
  await run.settled({ status: 'delivered', attempts: 1 })
  await (await server.call(0)).closed
})

test('an answer that breaks off after its 200 has arrived all the same', async () => {
  const store = await openStore()
  const server = await startRawServer(
    ({ socket }) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'),
  )
  const run = await ended(store, `http://127.0.0.1:${server.port}/`)
  dispatch(store)
  await run.settled({ status: 'delivered', attempts: 1, last_error: null })
})

test.each<[string, (port: number) => string, string, (port: number) => string | null]>([
  [
    'a host that is not listed',
    (port) => `http://localhost:${port}/`,
    'host_not_allowed',
    (port) => `localhost:${port}`,
  ],
  ['credentials', (port) => `http://a:b@127.0.0.1:${port}/`, 'credentials_in_url', (port) => `127.0.0.1:${port}`],
  ['a scheme of its own', () => 'file:///etc/passwd', 'invalid_url', () => ''],
  ['nothing that is one', () => 'nonsense', 'invalid_url', () => null],
])('a URL with %s is never called, even if it got into the store', async (_, urlOf, last_error, hostOf) => {
  const store = await openStore()
  const server = await startRawServer(answer)
  const run = await ended(store, urlOf(server.port))
  const { attempts } = dispatch(store)
  await run.settled({ status: 'given_up', last_error })
  expect(server.connections()).toBe(0)
  await expect
    .poll(() => attempts.at(-1))
    .toMatchObject({ host: hostOf(server.port), sent: false, outcome: 'given_up' })
})
