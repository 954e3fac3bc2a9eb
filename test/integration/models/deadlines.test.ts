import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { chatCompletion, httpAnswer, type RawHandler, startRawServer } from '../../helpers/raw-server.ts'
import { ask, clientOf, complete } from './subject.ts'

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'
const SHORT_MS = 80

const trickle: RawHandler = ({ socket }) => {
  socket.write(`${HEAD}content-length: 100000\r\n\r\n`)
  const timer = setInterval(() => socket.write(' '), 5)
  socket.once('close', () => clearInterval(timer))
}

const slowHeaders: RawHandler = ({ socket }) => {
  socket.write(HEAD)
  const timer = setInterval(() => socket.write('x-more: 1\r\n'), 5)
  socket.once('close', () => clearInterval(timer))
}

describe('a server that takes too long', () => {
  it.each<[string, RawHandler]>([
    ['accepts and says nothing', () => undefined],
    ['stops within the headers', ({ socket }) => socket.write(HEAD)],
    ['stops within the body', ({ socket }) => socket.write(`${HEAD}content-length: 900\r\n\r\n${chatCompletion()}`)],
    ['sends a byte of the body now and then', trickle],
    ['sends a header now and then', slowHeaders],
  ])('and %s is upstream_timeout, and its connection is closed', async (_, handle) => {
    const server = await startRawServer(handle)
    const client = clientOf(server.url)
    const result = await complete(client, { within_ms: SHORT_MS })
    expect(result).toMatchObject({ ok: false, code: 'upstream_timeout', transient: false })
    await Promise.all(server.calls.map((call) => call.closed))
  })

  it('is given up at once when the deadline has passed before the call', async () => {
    const server = await startRawServer(() => undefined)
    expect(await complete(clientOf(server.url), { within_ms: -5 })).toMatchObject({ code: 'upstream_timeout' })
    expect(server.connections()).toBe(0)
  })

  it('and answers after the deadline is not heard, not even by the next call', async () => {
    const server = await startRawServer((call) => {
      if (server.calls.length === 2) call.socket.end(httpAnswer({ body: chatCompletion({ content: 'The second.' }) }))
    })
    const client = clientOf(server.url)
    expect(await complete(client, { within_ms: SHORT_MS })).toMatchObject({ code: 'upstream_timeout' })
    const [first] = server.calls
    if (first && !first.socket.destroyed)
      first.socket.write(httpAnswer({ body: chatCompletion({ content: 'The first, late.' }) }))
    expect(await complete(client)).toMatchObject({ ok: true, content: 'The second.' })
  })
})

describe('a call that nobody wants any more', () => {
  it('is upstream_timeout when the time of its run is over, before it is sent too', async () => {
    const server = await startRawServer(() => undefined)
    const client = clientOf(server.url)
    const cancellation = new Cancellation()
    const pending = client.complete(ask(), cancellation)
    await server.call(0)
    cancellation.cancel('run_timeout')
    expect(await pending).toMatchObject({ ok: false, code: 'upstream_timeout' })
    expect(await client.complete(ask(), cancellation)).toMatchObject({ code: 'upstream_timeout', latency_ms: 0 })
    expect(server.calls).toHaveLength(1)
  })

  it('ends as cancelled and closes the connection to the server', async () => {
    const server = await startRawServer(() => undefined)
    const cancellation = new Cancellation()
    const pending = clientOf(server.url).complete(ask(), cancellation)
    const { closed } = await server.call(0)
    cancellation.cancel('cancelled')
    expect(await pending).toMatchObject({ ok: false, code: 'cancelled', transient: false })
    await closed
  })

  it('ends in the middle of its answer just the same', async () => {
    const server = await startRawServer(trickle)
    const cancellation = new Cancellation()
    const pending = clientOf(server.url).complete(ask(), cancellation)
    const { closed } = await server.call(0)
    await setImmediate()
    cancellation.cancel('cancelled')
    expect(await pending).toMatchObject({ code: 'cancelled' })
    await closed
  })

  it('is never sent when it was cancelled before', async () => {
    const server = await startRawServer(({ socket }) => socket.end(httpAnswer({ body: chatCompletion() })))
    const cancellation = new Cancellation()
    cancellation.cancel('cancelled')
    const client = clientOf(server.url)
    expect(await client.complete(ask(), cancellation)).toMatchObject({ ok: false, code: 'cancelled' })
    expect(await complete(client)).toMatchObject({ ok: true })
    expect(server.calls).toHaveLength(1)
  })

  it('leaves its place to the next', async () => {
    const server = await startRawServer(({ socket }) => {
      if (server.calls.length > 8) socket.end(httpAnswer({ body: chatCompletion() }))
    })
    const client = clientOf(server.url)
    for (let index = 0; index < 8; index++) {
      const cancellation = new Cancellation()
      const pending = client.complete(ask(), cancellation)
      await server.call(index)
      cancellation.cancel('cancelled')
      await pending
    }
    expect(await complete(client)).toMatchObject({ ok: true })
  })

  it('that has ended already is not touched by a later cancellation', async () => {
    const server = await startRawServer(({ socket }) => socket.end(httpAnswer({ body: chatCompletion() })))
    const cancellation = new Cancellation()
    const result = await clientOf(server.url).complete(ask(), cancellation)
    cancellation.cancel('cancelled')
    expect(result).toMatchObject({ ok: true, content: 'An answer.' })
  })
})

it('closing a client ends what is in flight, and later calls fail without a crash', async () => {
  const server = await startRawServer(() => undefined)
  const client = clientOf(server.url)
  const pending = complete(client)
  const { closed } = await server.call(0)
  await client.close()
  expect(await pending).toMatchObject({ ok: false, code: 'upstream_unreachable' })
  await closed
  expect(await complete(client)).toMatchObject({ ok: false, code: 'upstream_unreachable' })
})
