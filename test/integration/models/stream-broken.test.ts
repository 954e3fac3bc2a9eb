import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Fault } from '../../../simulator/faults.ts'
import { type ModelServer, startModelServer } from '../../../simulator/server.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { httpAnswer, startRawServer } from '../../helpers/raw-server.ts'
import { BODY_END, DONE, delta, event, httpChunk, ROLE, STOP, STREAM_HEAD, streamAnswer } from '../../helpers/sse.ts'
import { ask, clientOf, listen } from './subject.ts'

const IDLE_MS = 60
const SHORT_MS = 150

let server: ModelServer
beforeAll(async () => {
  server = await startModelServer({ model: 'Tiny', slots: 8 })
})
afterAll(() => server.close())

/** What becomes of a stream that meets this fault at the simulator. */
function meet(fault: Fault, within_ms?: number) {
  server.setFaults([fault])
  const client = clientOf(server.url, {}, { stream_idle_ms: IDLE_MS })
  return listen(client, within_ms === undefined ? {} : { within_ms })
}

describe('a stream', () => {
  it.each<[string, Fault, string, boolean]>([
    ['is cut', { kind: 'stream', variant: 'cut' }, 'bad_upstream_response', true],
    ['stalls', { kind: 'stream', variant: 'stall' }, 'upstream_timeout', false],
    ['ends without [DONE]', { kind: 'stream', variant: 'no_done' }, 'bad_upstream_response', true],
    ['has one bad piece', { kind: 'stream', variant: 'bad_chunk' }, 'bad_upstream_response', false],
    ['has a line of megabytes', { kind: 'stream', variant: 'giant_line' }, 'response_too_large', false],
    ['holds an error', { kind: 'stream', variant: 'error' }, 'upstream_error', true],
    ['is reset', { kind: 'reset', at: 'body' }, 'bad_upstream_response', true],
    ['is closed before its announced end', { kind: 'truncated' }, 'bad_upstream_response', true],
    ['stops in an event', { kind: 'hang_body' }, 'upstream_timeout', false],
    ['is compressed', { kind: 'gzip' }, 'bad_upstream_response', false],
    ['is no stream of events', { kind: 'malformed' }, 'bad_upstream_response', false],
    ['calls a tool', { kind: 'finish', reason: 'tool_calls' }, 'bad_upstream_response', false],
    ['is withheld', { kind: 'finish', reason: 'content_filter' }, 'content_filtered', false],
    ['ends for a reason nobody knows', { kind: 'finish', reason: 'abort' }, 'bad_upstream_response', false],
    ['says nothing', { kind: 'empty' }, 'empty_output', false],
    ['is refused', { kind: 'status', status: 503 }, 'upstream_error', true],
    ['is never begun', { kind: 'hang' }, 'upstream_timeout', false],
    [
      'has a line of megabytes without an end',
      { kind: 'huge', megabytes: 8, framing: 'chunked' },
      'response_too_large',
      false,
    ],
  ])('that %s is a typed failure, and the server is let go', async (_, fault, code, transient) => {
    const { result } = await meet(fault, fault.kind === 'hang' ? SHORT_MS : undefined)
    expect(result).toMatchObject({ ok: false, code, transient })
    await server.ledger.idle()
  })

  it.each([
    'not_object',
    'no_choices',
    'choices_object',
    'no_message',
    'content_number',
    'content_array',
    'usage_strings',
    'usage_negative',
  ] as const)('whose pieces have the schema fault %s is a bad_upstream_response', async (variant) => {
    expect((await meet({ kind: 'schema', variant })).result).toMatchObject({ code: 'bad_upstream_response' })
  })

  it.each(['empty_choices', 'content_null'] as const)('without text (%s) is empty_output', async (variant) => {
    expect((await meet({ kind: 'schema', variant })).result).toMatchObject({ code: 'empty_output' })
  })

  it.each(['no_usage', 'extra_members'] as const)('with the harmless oddity %s is read', async (variant) => {
    expect((await meet({ kind: 'schema', variant })).result.ok).toBe(true)
  })

  it.each(['invalid_utf8', 'nul', 'lone_surrogate'] as const)(
    'with bad text (%s) has U+FFFD there',
    async (variant) => {
      const { result, text } = await meet({ kind: 'bad_text', variant })
      expect(result).toMatchObject({ ok: true, content: text })
      expect(text).toMatch(/\ufffd.* end$/)
    },
  )

  it('with a byte order mark before each piece is refused: their text would be lost', async () => {
    expect((await meet({ kind: 'bad_text', variant: 'bom' })).result).toMatchObject({ code: 'bad_upstream_response' })
  })

  it('cut at the token limit is truncated, whatever it says', async () => {
    for (const fault of [{ kind: 'cut_as_stop' }, { kind: 'finish', reason: 'length' }] as const)
      expect((await meet(fault)).result).toMatchObject({ ok: true, truncated: true })
  })

  it.each<[string, string]>([
    ['in a field of its own', 'error: {"code":500,"message":"CANARY"}\n\n'],
    ['as a named event', 'event: error\ndata: {"message":"CANARY"}\n\n'],
  ])('with an error %s is an upstream_error, though [DONE] follows, and quotes nothing', async (_, error) => {
    const raw = await startRawServer(({ socket }) => socket.write(streamAnswer(ROLE, delta('Half'), error, STOP, DONE)))
    const { result } = await listen(clientOf(raw.url))
    expect(result).toMatchObject({ ok: false, code: 'upstream_error', transient: true })
    expect(JSON.stringify(result)).not.toContain('CANARY')
  })

  it('that failed is not read on: its connection is closed', async () => {
    const raw = await startRawServer(({ socket }) =>
      socket.write(STREAM_HEAD + httpChunk(delta('One') + event({ error: {} }))),
    )
    await listen(clientOf(raw.url))
    await raw.calls[0]?.closed
  })
})

describe('a silence', () => {
  it.each<[string, string]>([
    ['nothing', STREAM_HEAD],
    ['only the role', STREAM_HEAD + httpChunk(ROLE)],
    ['only a comment', STREAM_HEAD + httpChunk(': reading the prompt\n\n')],
  ])('before the first piece, after %s, may last until the deadline', async (_, begin) => {
    const raw = await startRawServer(async ({ socket }) => {
      socket.write(begin)
      await wait(3 * IDLE_MS)
      socket.write(httpChunk(delta('Late.') + STOP + DONE) + BODY_END)
    })
    const { result } = await listen(clientOf(raw.url, {}, { stream_idle_ms: IDLE_MS }))
    expect(result).toMatchObject({ ok: true, content: 'Late.' })
    if (result.ok) expect(result.first_token_ms).toBeGreaterThan(2 * IDLE_MS)
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['comments', httpChunk(': still here\n\n')],
    ['empty pieces', httpChunk(delta(''))],
  ])('after it, filled with %s, is a stall long before the deadline', async (_, filling) => {
    const raw = await startRawServer(({ socket }) => {
      socket.write(STREAM_HEAD + httpChunk(delta('One')))
      const timer = setInterval(() => filling && socket.write(filling), IDLE_MS / 6)
      socket.once('close', () => clearInterval(timer))
    })
    const { result, text } = await listen(clientOf(raw.url, {}, { stream_idle_ms: IDLE_MS }), { within_ms: 60_000 })
    expect(result).toMatchObject({ ok: false, code: 'upstream_timeout', message: expect.stringContaining('stopped') })
    expect(result.latency_ms).toBeLessThan(30_000)
    expect(text).toBe('One')
    await raw.calls[0]?.closed
  })

  it('shorter than that, again and again, is none', async () => {
    const raw = await startRawServer(({ socket }) => {
      socket.write(STREAM_HEAD)
      let left = 12
      const timer = setInterval(() => {
        socket.write(httpChunk(delta('a')))
        if (--left > 0) return
        clearInterval(timer)
        socket.write(httpChunk(STOP + DONE) + BODY_END)
      }, IDLE_MS)
      socket.once('close', () => clearInterval(timer))
    })
    const { result } = await listen(clientOf(raw.url, {}, { stream_idle_ms: 8 * IDLE_MS }))
    expect(result).toMatchObject({ ok: true, content: 'a'.repeat(12) })
    expect(result.latency_ms).toBeGreaterThan(8 * IDLE_MS)
  })

  it('shorter than that without end is ended by the deadline', async () => {
    const raw = await startRawServer(({ socket }) => {
      socket.write(STREAM_HEAD)
      const timer = setInterval(() => socket.write(httpChunk(delta('a'))), IDLE_MS / 6)
      socket.once('close', () => clearInterval(timer))
    })
    const { result } = await listen(clientOf(raw.url), { within_ms: 4 * IDLE_MS })
    expect(result).toMatchObject({ ok: false, code: 'upstream_timeout' })
    expect(result.ok || result.message).not.toContain('stopped')
  })
})

it('a stream that nobody wants any more ends at once, hands nothing on, and its connection is closed', async () => {
  const cancellation = new Cancellation()
  const raw = await startRawServer(({ socket }) => socket.write(STREAM_HEAD + httpChunk(delta('One'))))
  const deltas: string[] = []
  const pending = clientOf(raw.url).complete(
    ask({
      on_delta: (piece) => {
        deltas.push(piece)
        cancellation.cancel('cancelled')
        raw.calls[0]?.socket.write(httpChunk(delta('Two') + STOP + DONE) + BODY_END)
      },
    }),
    cancellation,
  )
  expect(await pending).toMatchObject({ ok: false, code: 'cancelled' })
  const cancelledAt = performance.now()
  await raw.calls[0]?.closed
  expect(performance.now() - cancelledAt).toBeLessThan(1000)
  expect(deltas).toEqual(['One'])
})

it('an error page in place of a stream is what its status says', async () => {
  const raw = await startRawServer(({ socket }) =>
    socket.write(httpAnswer({ status: 400, body: '{"error":{"type":"exceed_context_size_error"}}' })),
  )
  expect((await listen(clientOf(raw.url))).result).toMatchObject({ code: 'context_overflow' })
})
