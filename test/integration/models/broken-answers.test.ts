import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  chatCompletion,
  closedPort,
  httpAnswer,
  pour,
  type RawHandler,
  startRawServer,
} from '../../helpers/raw-server.ts'
import { clientOf, complete } from './subject.ts'

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'
const BODY = chatCompletion()

/** What becomes of one call to a server that does this. */
async function against(handle: RawHandler, parts: Parameters<typeof complete>[1] = {}) {
  const server = await startRawServer(handle)
  const result = await complete(clientOf(server.url), parts)
  return { server, result }
}

describe('a server that is not there', () => {
  it('is upstream_unreachable, and worth another try', async () => {
    const client = clientOf(`http://127.0.0.1:${await closedPort()}/v1`)
    expect(await complete(client)).toMatchObject({ ok: false, code: 'upstream_unreachable', transient: true })
  })

  it('by its name is upstream_unreachable too', async () => {
    const client = clientOf('http://no-such-host.invalid:8085/v1')
    expect(await complete(client)).toMatchObject({ code: 'upstream_unreachable' })
  })
})

describe('a connection that breaks', () => {
  it('at once is upstream_unreachable', async () => {
    const server = await startRawServer(
      () => undefined,
      (socket) => socket.resetAndDestroy(),
    )
    expect(await complete(clientOf(server.url))).toMatchObject({ code: 'upstream_unreachable', transient: true })
  })

  it.each<[string, string, string]>([
    ['before the headers', '', 'upstream_unreachable'],
    ['after an interim answer', 'HTTP/1.1 103 Early Hints\r\n\r\n', 'upstream_unreachable'],
    ['within the headers', `${HEAD}content-le`, 'upstream_unreachable'],
    ['within the body', `${HEAD}content-length: 5000\r\n\r\n${BODY}`, 'bad_upstream_response'],
    ['within a chunked body', `${HEAD}transfer-encoding: chunked\r\n\r\n5\r\n{"cho`, 'bad_upstream_response'],
  ])('by reset or by end, %s, gives no answer', async (_, sent, code) => {
    for (const end of ['resetAndDestroy', 'end'] as const) {
      // The reset must not overtake the bytes before it.
      const { result } = await against(({ socket }) =>
        socket.write(sent, () => void setImmediate().then(() => socket[end]())),
      )
      expect(result, end).toMatchObject({ ok: false, code, transient: true })
    }
  })

  it('is tried once by the client: whether to ask again is decided above it', async () => {
    const { server } = await against(({ socket }) => socket.resetAndDestroy())
    expect(server.calls).toHaveLength(1)
  })
})

describe('a body that is not what the headers promise', () => {
  it.each<[string, string | Buffer]>([
    ['malformed JSON', httpAnswer({ body: '{oops' })],
    ['nothing', httpAnswer({ body: '' })],
    ['HTML', httpAnswer({ headers: { 'content-type': 'text/html' }, body: '<h1>It works</h1>' })],
    ['JSON cut before its end, without a length', `${HEAD}connection: close\r\n\r\n${BODY.slice(0, -4)}`],
    [
      'a length shorter than the body',
      httpAnswer({ headers: { 'content-length': String(BODY.length - 6) }, body: BODY }),
    ],
    ['two lengths that differ', `${HEAD}content-length: 3\r\ncontent-length: 900\r\n\r\n${BODY}`],
    ['a negative length', `${HEAD}content-length: -5\r\n\r\n${BODY}`],
    ['a bad chunk size', `${HEAD}transfer-encoding: chunked\r\n\r\nzz\r\n${BODY}\r\n0\r\n\r\n`],
    ['a chunk longer than it says', `${HEAD}transfer-encoding: chunked\r\n\r\n5\r\n${BODY}\r\n0\r\n\r\n`],
    ['no HTTP at all', `SSH-2.0-OpenSSH_9.7\r\n${BODY}\r\n\r\n`],
    ['a line break in a header name', `HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n${BODY}`],
    ['a server-sent stream nobody asked for', httpAnswer({ body: 'data: {"choices":[]}\n\ndata: [DONE]\n\n' })],
    ['status 204', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ])('%s is a bad_upstream_response', async (_, bytes) => {
    const { result } = await against(({ socket }) => socket.end(bytes))
    expect(result).toMatchObject({ ok: false, code: 'bad_upstream_response' })
  })

  it('is quoted nowhere', async () => {
    const { result } = await against(({ socket }) => socket.end(httpAnswer({ body: '{"JANE-ROE-CANARY": oops' })))
    expect(JSON.stringify(result)).not.toContain('CANARY')
  })
})

describe('headers without end', () => {
  it('of 200 lines are read', async () => {
    const headers = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x-line-${index}`, 'v']))
    const { result } = await against(({ socket }) => socket.end(httpAnswer({ headers, body: BODY })))
    expect(result).toMatchObject({ ok: true, content: 'An answer.' })
  })

  it('of 64 KB are refused as a bad_upstream_response', async () => {
    const headers = { 'x-huge': 'v'.repeat(65_536) }
    const { result } = await against(({ socket }) => socket.end(httpAnswer({ headers, body: BODY })))
    expect(result).toMatchObject({ ok: false, code: 'bad_upstream_response' })
  })

  it('of interim answers before the real one are passed over', async () => {
    const storm = 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(500)
    const { result } = await against(({ socket }) =>
      socket.end(Buffer.concat([Buffer.from(storm), httpAnswer({ body: BODY })])),
    )
    expect(result).toMatchObject({ ok: true, content: 'An answer.' })
  })

  it('of interim answers and nothing else end with the deadline', async () => {
    const storm = 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(50)
    const { result } = await against(({ socket }) => pour(socket, storm), { within_ms: 60 })
    expect(result).toMatchObject({ ok: false, code: 'upstream_timeout' })
  })

  it('of 100 Continue, which nobody asked for, fail the attempt and nothing more', async () => {
    const bytes = Buffer.concat([Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'.repeat(500)), httpAnswer({ body: BODY })])
    const { result } = await against(({ socket }) => socket.end(bytes))
    expect(result).toMatchObject({ ok: false, transient: true })
  })
})

it('a redirect is not followed, wherever it leads', async () => {
  const target = await startRawServer(({ socket }) => socket.end(httpAnswer({ body: BODY })))
  for (const status of [301, 302, 303, 307, 308]) {
    const headers = { location: `${target.url}/chat/completions` }
    const { result } = await against(({ socket }) => socket.end(httpAnswer({ status, headers })))
    expect(result).toMatchObject({ ok: false, code: 'upstream_rejected', transient: false })
    expect(JSON.stringify(result)).not.toContain(String(target.port))
  }
  expect(target.connections()).toBe(0)
})
