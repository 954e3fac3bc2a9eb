import { describe, expect, it } from 'vitest'
import { chatCompletion, httpAnswer, type RawCall, startRawServer } from '../../helpers/raw-server.ts'
import { clientOf, complete } from './subject.ts'

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

  it('in the moment in which a call goes out on one makes that call worth another try', async () => {
    const server = await startRawServer((call) => {
      const reused = server.calls.some((earlier) => earlier !== call && earlier.socket === call.socket)
      if (reused) call.socket.resetAndDestroy()
      else call.socket.write(answer(echo(call)))
    })
    const client = clientOf(server.url)
    for (let index = 0; index < 10; index++) {
      const result = await complete(client, { user: `patient-${index}` })
      if (result.ok) expect(result.content).toBe(`patient-${index}`)
      else expect(result).toMatchObject({ code: 'upstream_unreachable', transient: true })
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
