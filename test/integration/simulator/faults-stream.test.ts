import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Fault, STREAM_VARIANTS } from '../../../simulator/faults.ts'
import { type ModelServer, startModelServer } from '../../../simulator/server.ts'
import { ask, prompt, rawConnection, send, wire } from '../../helpers/simulator-client.ts'

let server: ModelServer
beforeAll(async () => {
  server = await startModelServer({ model: 'Tiny', slots: 8 })
})
afterAll(() => server.close())

const DONE = 'data: [DONE]\n\n'
const body = prompt('Case text.', { stream: true })

const streamWith = async (variant: (typeof STREAM_VARIANTS)[number] | null) => {
  server.setFaults([variant && { kind: 'stream', variant }])
  const { body: bytes, error } = await ask(server, body)
  return { bytes, text: bytes.toString(), error }
}

/** The chunks of a chunked body, as they stood on the wire. */
function wireChunks(bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = []
  let at = bytes.indexOf('\r\n\r\n') + 4
  for (;;) {
    const line = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16)
    if (!size) return chunks
    chunks.push(bytes.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
}

describe('a fault in a stream', () => {
  it('cut: ends in the middle without the end of the chunked body', async () => {
    const { text, error } = await streamWith('cut')
    expect(error).toBe('ECONNRESET')
    expect(text).toContain('"delta"')
    expect(text).not.toContain('[DONE]')
    expect(text).not.toContain('"finish_reason":"stop"')
  })

  it('stall: stops in the middle and holds the connection', async () => {
    server.setFaults([{ kind: 'stream', variant: 'stall' }])
    server.ledger.clear()
    const { begun, abort, answer } = send(`${server.url}/chat/completions`, body)
    await begun
    expect(server.ledger.inFlight).toBe(1)
    abort()
    expect((await answer).body.toString()).not.toContain('[DONE]')
    await server.ledger.idle()
    expect(server.ledger.aborted).toBe(1)
  })

  it('no_done: ends in good order, but without [DONE]', async () => {
    const { text, error } = await streamWith('no_done')
    expect(error).toBe(null)
    expect(text).toContain('"finish_reason":"stop"')
    expect(text).not.toContain('[DONE]')
  })

  it('bad_chunk: has one event that is no JSON among right ones', async () => {
    const { text } = await streamWith('bad_chunk')
    const datas = text.split('\n\n').filter((event) => event !== '' && event !== DONE.trim())
    const bad = datas.filter((event) => {
      try {
        JSON.parse(event.slice('data: '.length))
        return false
      } catch {
        return true
      }
    })
    expect(bad).toHaveLength(1)
    expect(text.endsWith(DONE)).toBe(true)
  })

  it('split_utf8: breaks characters over chunks, and the whole is right all the same', async () => {
    server.setFaults([{ kind: 'stream', variant: 'split_utf8' }])
    const { socket, ended, bytes } = rawConnection(server.port)
    socket.write(wire(body))
    await server.ledger.idle()
    socket.end()
    await ended
    const chunks = wireChunks(bytes())
    const strict = (chunk: Buffer): boolean => chunk.equals(Buffer.from(chunk.toString()))
    expect(chunks.filter((chunk) => !strict(chunk)).length).toBeGreaterThan(3)
    expect(strict(Buffer.concat(chunks))).toBe(true)
    expect(Buffer.concat(chunks).toString()).toContain('😀')
  })

  it('crlf: ends its lines with CR LF', async () => {
    const { text } = await streamWith('crlf')
    expect(text.endsWith('data: [DONE]\r\n\r\n')).toBe(true)
    expect(/[^\r]\n/.test(text)).toBe(false)
  })

  it('comments: puts a comment before each event and changes nothing else', async () => {
    const plain = (text: string): string => text.replaceAll(/"id":"[^"]*"|"created":\d+/g, '')
    const right = await streamWith(null)
    const { text } = await streamWith('comments')
    expect(text.match(/^: keep-alive$/gm)?.length).toBe(text.match(/^data: /gm)?.length)
    expect(plain(text.replaceAll(': keep-alive\n\n', ''))).toBe(plain(right.text))
  })

  it('giant_line: has one line of more than 8 MB', async () => {
    const { text } = await streamWith('giant_line')
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeGreaterThan(8 * 1024 * 1024)
    expect(text.endsWith(DONE)).toBe(true)
  })

  it('says so when it meets a request that is no stream, instead of passing unseen', async () => {
    server.setFaults([{ kind: 'stream', variant: 'cut' }])
    const { status, body: bytes } = await ask(server, prompt('Case text.'))
    expect(status).toBe(500)
    expect(bytes.toString()).toContain('stream fault')
  })
})

describe('a fault that is not about streams', () => {
  const streamed = (fault: Fault): Promise<string> => {
    server.setFaults([fault])
    return ask(server, body).then(({ body: bytes }) => bytes.toString())
  }

  it('acts on a stream too: what is said, the shape of it, and the way it is sent', async () => {
    expect(await streamed({ kind: 'finish', reason: 'content_filter' })).toContain('"finish_reason":"content_filter"')
    expect(await streamed({ kind: 'finish', reason: 'tool_calls' })).toContain('"tool_calls"')
    expect(await streamed({ kind: 'empty' })).not.toMatch(/"content":"/)
    expect(await streamed({ kind: 'schema', variant: 'content_number' })).toContain('"content":42')
    expect(await streamed({ kind: 'status', status: 503 })).toContain('"code":503')
    expect(await streamed({ kind: 'truncated' })).not.toContain('[DONE]')
  })
})
