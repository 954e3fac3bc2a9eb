import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { MAX_RESPONSE_BYTES } from '../../../src/models/client.ts'
import { chatCompletion, httpAnswer, pour, type RawHandler, startRawServer } from '../../helpers/raw-server.ts'
import { clientOf, complete } from './subject.ts'

const GIGABYTE = 2 ** 30
const CHUNK = Buffer.alloc(65_536, 0x20)
/** What the kernel's buffers on both sides of a loopback connection may hold beside what the client read. */
const IN_TRANSIT = 32 * 2 ** 20

const endless =
  (head: string, chunk: Buffer): RawHandler =>
  ({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${head}\r\n\r\n`)
    pour(socket, chunk)
  }

const chunked = Buffer.concat([Buffer.from(`${CHUNK.length.toString(16)}\r\n`), CHUNK, Buffer.from('\r\n')])

describe('an answer of a gigabyte', () => {
  it.each<[string, RawHandler]>([
    ['that says so', endless(`content-length: ${GIGABYTE}`, CHUNK)],
    ['in chunks', endless('transfer-encoding: chunked', chunked)],
    ['until the connection closes', endless('connection: close', CHUNK)],
  ])('%s is cut at the limit, and its connection is closed', async (_, handle) => {
    const server = await startRawServer(handle)
    const before = process.memoryUsage().arrayBuffers
    const result = await complete(clientOf(server.url))
    expect(result).toMatchObject({ ok: false, code: 'response_too_large', transient: false })
    const [call] = server.calls
    await call?.closed
    expect(call?.socket.bytesWritten).toBeLessThan(MAX_RESPONSE_BYTES + IN_TRANSIT)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50 * 2 ** 20)
  })
})

describe('an answer', () => {
  const sized = async (extra: number) => {
    const shell = chatCompletion({ content: '' })
    const content = 'x'.repeat(MAX_RESPONSE_BYTES - shell.length + extra)
    const server = await startRawServer(({ socket }) => socket.end(httpAnswer({ body: chatCompletion({ content }) })))
    return complete(clientOf(server.url))
  }

  it('of exactly 4 MiB is read', async () => {
    expect(MAX_RESPONSE_BYTES).toBe(4 * 2 ** 20)
    expect(await sized(0)).toMatchObject({ ok: true })
  })

  it('of one byte more is not', async () => {
    expect(await sized(1)).toMatchObject({ ok: false, code: 'response_too_large' })
  })
})

describe('a compressed answer', () => {
  it('is not asked for', async () => {
    const server = await startRawServer(({ socket }) => socket.end(httpAnswer({ body: chatCompletion() })))
    await complete(clientOf(server.url))
    expect(server.calls[0]?.headers['accept-encoding']).toBe('identity')
  })

  it.each(['gzip', 'br', 'deflate', 'gzip, gzip, gzip, gzip, gzip, gzip'])(
    'as %s is refused and never unpacked',
    async (encoding) => {
      const bomb = gzipSync(Buffer.alloc(16 * 2 ** 20, 0x20))
      const headers = { 'content-encoding': encoding }
      const server = await startRawServer(({ socket }) => socket.end(httpAnswer({ headers, body: bomb })))
      const result = await complete(clientOf(server.url))
      expect(result).toMatchObject({ ok: false, code: 'bad_upstream_response', transient: false })
      expect(result.ok ? '' : result.message).toContain('compressed')
    },
  )
})
