import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { STALE_MS } from '../../../src/models/stale.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { chatCompletion, httpAnswer, type RawCall, startRawServer } from '../../helpers/raw-server.ts'
import { ask, clientOf, complete } from './subject.ts'

const answer = (content: string, headers: Record<string, string> = {}) =>
  httpAnswer({ headers: { connection: 'keep-alive', ...headers }, body: chatCompletion({ content }) })

/** Answers with the patient that the prompt names, as the oracle of whose answer it is. */
const echo = ({ body }: RawCall): string => /patient-\d+/.exec(body)?.[0] ?? 'nobody'

describe('the answer of one patient never reaches another', () => {
  const ROGUE = answer('The answer of patient-0, once more.')

  it.each<[string, (call: RawCall) => void]>([
    ['is sent twice in one go', ({ socket }) => socket.write(Buffer.concat([answer('patient-0'), ROGUE]))],
    [
      'is sent again while the connection is idle',
      ({ socket }) => socket.write(answer('patient-0'), () => socket.write(ROGUE)),
    ],
    [
      'is followed by bytes that are nothing',
      ({ socket }) => socket.write(Buffer.concat([answer('patient-0'), Buffer.from('\0\0junk')])),
    ],
    [
      'has a body longer than it says',
      ({ socket }) => socket.write(Buffer.concat([answer('patient-0'), Buffer.from(chatCompletion())])),
    ],
  ])('when it %s', async (_, first) => {
    const server = await startRawServer((call) => {
      if (server.calls.length === 1) first(call)
      else call.socket.write(answer(echo(call)))
    })
    const client = clientOf(server.url)
    expect(await complete(client, { user: 'patient-0' })).toMatchObject({ content: 'patient-0' })
    for (const user of ['patient-1', 'patient-2'])
      expect(await complete(client, { user })).toMatchObject({ content: user })
    expect(client.ignored).toEqual({ late: 0, duplicate: 1 })
  })

  it('when many calls are in flight at once and answered in another order', async () => {
    const open: RawCall[] = []
    const server = await startRawServer((call) => {
      open.push(call)
      if (open.length === 4) for (const one of open.splice(0).reverse()) one.socket.write(answer(echo(one)))
    })
    const client = clientOf(server.url, { slots: 4 })
    for (let round = 0; round < 5; round++) {
      const users = [0, 1, 2, 3].map((index) => `patient-${round * 4 + index}`)
      const results = await Promise.all(users.map((user) => complete(client, { user })))
      expect(results.map((result) => result.ok && result.content)).toEqual(users)
    }
  })
})

describe('a server that closes idle connections', () => {
  it('costs no call: the next one goes out on a new connection', async () => {
    const server = await startRawServer((call) => call.socket.write(answer(echo(call)), () => call.socket.end()))
    const client = clientOf(server.url)
    for (let index = 0; index < 20; index++) {
      expect(await complete(client, { user: `patient-${index}` })).toMatchObject({ content: `patient-${index}` })
      await server.calls[index]?.closed
    }
    expect(server.connections()).toBe(20)
  })

  it('in the moment in which a call goes out on one costs no call either: it is sent again, and counted', async () => {
    for (const end of ['resetAndDestroy', 'end'] as const) {
      const server = await startRawServer((call) => {
        const reused = server.calls.some((earlier) => earlier !== call && earlier.socket === call.socket)
        if (reused) call.socket[end]()
        else call.socket.write(answer(echo(call)))
      })
      const client = clientOf(server.url)
      for (let index = 0; index < 10; index++) {
        const user = `patient-${index}`
        expect(await complete(client, { user })).toMatchObject({ ok: true, content: user })
      }
      expect(client.reconnects).toBeGreaterThan(0)
      expect(server.calls).toHaveLength(10 + client.reconnects)
    }
  })

  it('by "connection: close" is taken at its word', async () => {
    const server = await startRawServer((call) => call.socket.write(answer(echo(call), { connection: 'close' })))
    const client = clientOf(server.url)
    for (const user of ['patient-0', 'patient-1'])
      expect(await complete(client, { user })).toMatchObject({ content: user })
    expect(server.connections()).toBe(2)
  })
})

it('no more calls are open at a server than its slots, and two for probes', async () => {
  let open = 0
  let most = 0
  const server = await startRawServer((call) => {
    most = Math.max(most, ++open)
    setImmediate(() => {
      open--
      call.socket.write(answer('done'))
    })
  })
  const client = clientOf(server.url, { slots: 2 })
  const results = await Promise.all(Array.from({ length: 30 }, () => complete(client)))
  expect(results.every((result) => result.ok)).toBe(true)
  expect(most).toBeLessThanOrEqual(4)
  expect(server.connections()).toBeLessThanOrEqual(4)
})

describe('a call is not sent again', () => {
  const failsSecond = async (second: (call: RawCall) => void) => {
    const server = await startRawServer((call) => {
      if (server.calls.length === 1) call.socket.write(answer('first'))
      else second(call)
    })
    const client = clientOf(server.url)
    await complete(client)
    // Now the connection is free, and the second call goes out on it.
    await turnOfTheLoop()
    const result = await complete(client)
    return { server, client, result }
  }

  it('more than once to a server that resets every call: the second time the connection is new', async () => {
    const { server, client, result } = await failsSecond(({ socket }) => socket.resetAndDestroy())
    expect(result).toMatchObject({ ok: false, code: 'upstream_unreachable', transient: true })
    expect(server.calls).toHaveLength(3)
    expect(client.reconnects).toBe(1)
    await complete(client)
    expect(server.calls).toHaveLength(4)
  })

  it('when any byte of an answer has come', async () => {
    const { server, client, result } = await failsSecond(({ socket }) => socket.end('HTTP/1.1 200 O'))
    expect(result).toMatchObject({ ok: false, code: 'upstream_unreachable' })
    expect(server.calls).toHaveLength(2)
    expect(client.reconnects).toBe(0)
  })

  it('when the server took its time before it went away', async () => {
    const { server, client } = await failsSecond(({ socket }) => void setTimeout(() => socket.end(), STALE_MS + 20))
    expect(server.calls).toHaveLength(2)
    expect(client.reconnects).toBe(0)
  })

  it('when nobody wants it any more', async () => {
    const cancellation = new Cancellation()
    const server = await startRawServer((call) => {
      if (server.calls.length === 1) call.socket.write(answer('first'))
      else {
        call.socket.resetAndDestroy()
        cancellation.cancel('cancelled')
      }
    })
    const client = clientOf(server.url)
    await complete(client)
    await turnOfTheLoop()
    expect(await client.complete(ask(), cancellation)).toMatchObject({ code: 'cancelled' })
    expect(client.reconnects).toBe(0)
    expect(server.calls).toHaveLength(2)
  })
})

it('an answer that has begun when its time is over is ignored and counted as late', async () => {
  const server = await startRawServer(({ socket }) => socket.write('HTTP/1.1 200 OK\r\ncontent-le'))
  const client = clientOf(server.url)
  expect(await complete(client, { within_ms: 60 })).toMatchObject({ code: 'upstream_timeout' })
  expect(client.ignored).toEqual({ late: 1, duplicate: 0 })
})
