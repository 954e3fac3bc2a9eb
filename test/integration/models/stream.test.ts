import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ModelServer, startModelServer } from '../../../simulator/server.ts'
import { chatCompletion, httpAnswer, startRawServer } from '../../helpers/raw-server.ts'
import { BODY_END, DONE, delta, httpChunk, ROLE, STOP, STREAM_HEAD, streamAnswer, USAGE } from '../../helpers/sse.ts'
import { clientOf, complete, listen } from './subject.ts'

let server: ModelServer
beforeAll(async () => {
  server = await startModelServer({ model: 'Tiny', slots: 4 })
})
afterAll(() => server.close())

const ANSWER = [ROLE, delta('Discharged '), delta('home.'), STOP, USAGE, DONE] as const

/** A client of a server that sends these bytes to each call, one write each. */
async function sending(...writes: readonly (string | Buffer)[]) {
  const raw = await startRawServer(({ socket }) => {
    for (const bytes of writes) socket.write(bytes)
  })
  return { raw, client: clientOf(raw.url) }
}

describe('a streamed answer', () => {
  it('is the same as the whole one, and its pieces are its text', async () => {
    const client = clientOf(server.url)
    const whole = await complete(client)
    const { result, deltas, text } = await listen(client)
    expect(whole).toMatchObject({ ok: true, first_token_ms: null, simulated: true, prompt_tokens: expect.any(Number) })
    expect(result).toEqual({ ...whole, latency_ms: expect.any(Number), first_token_ms: expect.any(Number) })
    expect(whole.ok && whole.content).toBe(text)
    expect(deltas.length).toBeGreaterThan(2)
    if (result.ok) expect(result.first_token_ms).toBeLessThanOrEqual(result.latency_ms)
  })

  it('is asked for, with its counts; a whole one is not', async () => {
    const { raw, client } = await sending(streamAnswer(...ANSWER))
    await listen(client)
    await complete(client)
    const [streamed, whole] = raw.calls.map(({ body, headers }) => ({ ...JSON.parse(body), accept: headers.accept }))
    expect(streamed).toMatchObject({ stream: true, stream_options: { include_usage: true } })
    expect(streamed.accept).toContain('text/event-stream')
    expect(whole).toMatchObject({ stream: false, accept: 'application/json' })
    expect(whole).not.toHaveProperty('stream_options')
  })

  it('is handed on while the server still writes', async () => {
    const raw = await startRawServer(({ socket }) => socket.write(STREAM_HEAD + httpChunk(ROLE + delta('One'))))
    const deltas: string[] = []
    const first = Promise.withResolvers<void>()
    const pending = complete(clientOf(raw.url), {
      on_delta: (piece) => {
        deltas.push(piece)
        first.resolve()
      },
    })
    await first.promise
    expect(deltas).toEqual(['One'])
    const { socket } = await raw.call(0)
    socket.write(httpChunk(delta(' two.') + STOP + DONE) + BODY_END)
    expect(await pending).toMatchObject({ ok: true, content: 'One two.', tokens: null, prompt_tokens: null })
    expect(deltas).toEqual(['One', ' two.'])
  })

  it('in one segment, or byte by byte, is the same', async () => {
    const bytes = Buffer.from(streamAnswer(ROLE, delta('µg–'), delta('😀'), STOP, USAGE, DONE))
    for (const writes of [[bytes], Array.from(bytes, (byte) => Buffer.of(byte))]) {
      const { client } = await sending(...writes)
      expect((await listen(client)).result).toMatchObject({ ok: true, content: 'µg–😀', tokens: 3 })
    }
  })

  it('leaves its connection to the next call', async () => {
    const { raw, client } = await sending(streamAnswer(...ANSWER))
    for (let index = 0; index < 10; index++) expect((await listen(client)).result.ok).toBe(true)
    // The next call may come a moment before the connection is free again.
    expect(raw.connections()).toBeLessThanOrEqual(2)
  })

  it('ends at [DONE], though the server keeps the connection open; that connection is closed', async () => {
    const { raw, client } = await sending(STREAM_HEAD + httpChunk(ANSWER.join('')))
    expect((await listen(client)).result).toMatchObject({ ok: true, content: 'Discharged home.' })
    await raw.calls[0]?.closed
  })

  it.each(['crlf', 'comments', 'split_utf8'] as const)('written with %s is read all the same', async (variant) => {
    server.setFaults([{ kind: 'stream', variant }])
    const { result, text } = await listen(clientOf(server.url))
    expect(result).toMatchObject({ ok: true, content: text, finish_reason: 'stop' })
    if (variant === 'split_utf8') expect(text).toMatch(/ µg–😀$/)
  })

  it('keeps the counts that came before its last piece', async () => {
    const { client } = await sending(streamAnswer(ROLE, delta('Home.'), USAGE, STOP, delta({}), DONE))
    expect((await listen(client)).result).toMatchObject({ tokens: 3, prompt_tokens: 12, finish_reason: 'stop' })
  })

  it('hands on at its end what could have become something else', async () => {
    const { client } = await sending(streamAnswer(delta('<thi'), STOP, DONE))
    expect(await listen(client)).toMatchObject({ result: { content: '<thi' }, deltas: ['<thi'] })
  })

  it('with a reasoning block holds only the answer', async () => {
    const notes = ['<thi', 'nk>Jane ', 'Roe?</', 'think>\n', '\nDischarged'].map((piece) => delta(piece))
    const { client } = await sending(streamAnswer(ROLE, delta({ reasoning_content: 'Hm.' }), ...notes, STOP, DONE))
    const { result, deltas } = await listen(client)
    expect(deltas).toEqual(['Discharged'])
    expect(result).toMatchObject({ content: 'Discharged', warnings: ["The model's reasoning block was left out."] })
  })
})

it('a server that ignores that it was asked for a stream is heard whole', async () => {
  const { client } = await sending(httpAnswer({ body: chatCompletion() }))
  const { result, deltas } = await listen(client)
  expect(result).toMatchObject({ ok: true, content: 'An answer.', first_token_ms: null })
  expect(deltas).toEqual([])
})
