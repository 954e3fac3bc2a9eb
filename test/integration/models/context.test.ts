import { describe, expect, it } from 'vitest'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { chatCompletion, httpAnswer, type RawCall, startRawServer } from '../../helpers/raw-server.ts'
import { ask, clientOf, complete, UNCANCELLED } from './subject.ts'

const WINDOW = 1000
/** With 100 tokens for the answer, 900 are left for the prompt. */
const MAX_TOKENS = 100
const SYSTEM = 'You are brief.'

const json = (value: unknown) => httpAnswer({ body: JSON.stringify(value) })
const usage = (prompt_tokens: number, completion_tokens: number) => ({ prompt_tokens, completion_tokens })

interface Server {
  /** Bytes with which it answers a token count; 404 when absent. */
  tokenize?: (call: RawCall) => Buffer | null
  usage?: unknown
}

/** A model server that may count tokens; `paths` is what it was asked, in order. */
async function start({ tokenize, usage: counts = usage(500, 20) }: Server) {
  const server = await startRawServer((call) => {
    if (call.path !== '/tokenize') call.socket.end(httpAnswer({ body: chatCompletion({ usage: counts }) }))
    else if (tokenize === undefined) call.socket.end(httpAnswer({ status: 404 }))
    else {
      const bytes = tokenize(call)
      if (bytes !== null) call.socket.end(bytes)
    }
  })
  return { server, paths: () => server.calls.map(({ path }) => path) }
}

/** Asks with a prompt of so many characters. */
const prompt = (chars: number) => ({ system: SYSTEM, user: 'x'.repeat(chars - SYSTEM.length), max_tokens: MAX_TOKENS })
const inWindow = { context_window: WINDOW }

const COMPLETIONS = '/v1/chat/completions'
const counting = (tokens: number) => () => json({ tokens: Array(tokens).fill(1) })

describe('a prompt near the context window of its model', () => {
  it.each<[string, (tokens: number) => unknown]>([
    ['llama.cpp', (tokens) => ({ tokens: Array(tokens).fill(7) })],
    ['llama.cpp with pieces', (tokens) => ({ tokens: Array(tokens).fill({ id: 7, piece: 'x' }) })],
    ['vLLM', (tokens) => ({ count: tokens, max_model_len: WINDOW, tokens: Array(tokens).fill(7) })],
    ['vLLM without the list', (tokens) => ({ count: tokens })],
  ])('is counted by the tokenizer of %s, and does not cost GPU time when it cannot fit', async (_, shape) => {
    const over = await start({ tokenize: () => json(shape(901)) })
    expect(await complete(clientOf(over.server.url, inWindow), prompt(3000))).toMatchObject({
      ok: false,
      code: 'context_overflow',
      transient: false,
    })
    expect(over.paths()).toEqual(['/tokenize'])

    const fits = await start({ tokenize: () => json(shape(900)), usage: usage(915, 20) })
    expect(await complete(clientOf(fits.server.url, inWindow), prompt(3000))).toMatchObject({
      ok: true,
      truncated: false,
      warnings: [],
    })
    expect(fits.paths()).toEqual(['/tokenize', COMPLETIONS])
  })

  it('is handed to the tokenizer in the words of llama.cpp and of vLLM, under the API’s root', async () => {
    const { server } = await start({ tokenize: counting(10) })
    await complete(clientOf(server.url, inWindow), prompt(3000))
    const sent = JSON.parse(server.calls[0]?.body ?? '') as Record<string, string>
    expect(sent.model).toBe('served-name')
    expect(sent.content).toBe(sent.prompt)
    expect(sent.content).toContain(SYSTEM)
    expect(sent.content).toContain('x'.repeat(2000))
  })

  it('is not counted when it surely fits: fewer bytes than tokens of room', async () => {
    const { server, paths } = await start({ tokenize: counting(10) })
    await complete(clientOf(server.url, inWindow), prompt(900))
    await complete(clientOf(server.url, inWindow), { ...prompt(900), user: '😀'.repeat(200) })
    expect(paths()).toEqual([COMPLETIONS, COMPLETIONS])
  })

  it('is not counted when nobody knows the window', async () => {
    const { server, paths } = await start({ tokenize: counting(10), usage: usage(5000, 20) })
    expect(await complete(clientOf(server.url), prompt(20_000))).toMatchObject({ ok: true })
    expect(paths()).toEqual([COMPLETIONS])
  })

  it('is held to the smaller of what the roster and the server say', async () => {
    const { server } = await start({ tokenize: counting(500) })
    const client = clientOf(server.url, { context_window: 8192 })
    client.facts.context_window = 512
    expect(await complete(client, prompt(3000))).toMatchObject({ code: 'context_overflow' })
  })
})

describe('without a tokenizer, a prompt', () => {
  it.each<[number, string]>([
    [3601, 'context_overflow'],
    [3600, 'ok'],
  ])('of %i characters for 900 tokens: %s, by four characters a token', async (chars, expected) => {
    const { server, paths } = await start({ usage: usage(850, 20) })
    const result = await complete(clientOf(server.url, inWindow), prompt(chars))
    expect(result.ok ? 'ok' : result.code).toBe(expected)
    if (!result.ok) expect(result.message).toMatch(/at least about 901 tokens; .* 100 .* 1000 tokens/)
    expect(paths().includes(COMPLETIONS)).toBe(expected === 'ok')
  })

  it('asks for the tokenizer once, not before every call', async () => {
    const { server, paths } = await start({})
    const client = clientOf(server.url, inWindow)
    await complete(client, prompt(3000))
    await complete(client, prompt(3000))
    expect(paths()).toEqual(['/tokenize', COMPLETIONS, COMPLETIONS])
  })

  it.each<[string, Buffer]>([
    ['text', httpAnswer({ body: 'not json' })],
    ['another shape', json({ length: 5 })],
    ['a count that is none', json({ count: 'many' })],
    ['an error', httpAnswer({ status: 500 })],
  ])('falls back to the estimate when the tokenizer answers with %s', async (_, bytes) => {
    const { server } = await start({ tokenize: () => bytes, usage: usage(850, 20) })
    expect(await complete(clientOf(server.url, inWindow), prompt(3000))).toMatchObject({ ok: true })
    expect(await complete(clientOf(server.url, inWindow), prompt(3601))).toMatchObject({ code: 'context_overflow' })
  })

  it('that may not fit, at a server that reports no counts, comes back with a warning', async () => {
    const { server } = await start({ usage: null })
    const uncertain = await complete(clientOf(server.url, inWindow), prompt(3000))
    expect(uncertain).toMatchObject({ ok: true, warnings: [expect.stringContaining('may have been cut')] })
    const certain = await complete(clientOf(server.url, inWindow), prompt(2250))
    expect(certain).toMatchObject({ ok: true, warnings: [] })
  })
})

describe('a prompt that the server cut', () => {
  it('shows by fewer tokens than were counted', async () => {
    const { server } = await start({ tokenize: counting(880), usage: usage(879, 20) })
    expect(await complete(clientOf(server.url, inWindow), prompt(3000))).toMatchObject({
      ok: false,
      code: 'input_truncated',
      transient: false,
    })
  })

  it('shows, without a tokenizer, by meeting the edge of the window', async () => {
    const { server } = await start({ usage: usage(980, 20) })
    expect(await complete(clientOf(server.url, inWindow), prompt(3000))).toMatchObject({
      ok: false,
      code: 'input_truncated',
    })
  })

  it('is found by a second look when the window is unknown but the count suspiciously low', async () => {
    const cut = await start({ tokenize: counting(2500), usage: usage(512, 20) })
    expect(await complete(clientOf(cut.server.url), prompt(10_000))).toMatchObject({ code: 'input_truncated' })
    expect(cut.paths()).toEqual([COMPLETIONS, '/tokenize'])
    const dense = await start({ tokenize: counting(500), usage: usage(512, 20) })
    expect(await complete(clientOf(dense.server.url), prompt(10_000))).toMatchObject({ ok: true, warnings: [] })
  })

  it('is suspected aloud when the count is low and nobody can check it', async () => {
    const { server } = await start({ usage: usage(512, 20) })
    const result = await complete(clientOf(server.url), prompt(10_000))
    expect(result).toMatchObject({ ok: true, warnings: [expect.stringContaining('may have been cut')] })
  })

  it('is not to be confused with an answer that was cut there: the prompt was whole', async () => {
    const { server } = await start({ tokenize: counting(900), usage: usage(940, 60) })
    expect(await complete(clientOf(server.url, inWindow), prompt(3000))).toMatchObject({ ok: true, truncated: true })
  })

  it.each([
    {
      error: { code: 400, message: 'JANE-ROE', type: 'exceed_context_size_error', n_prompt_tokens: 9000, n_ctx: 4096 },
    },
    { error: { code: 'context_length_exceeded', message: 'JANE-ROE', type: 'invalid_request_error' } },
  ])('and refused by the server itself is a context_overflow: %j', async (body) => {
    const server = await startRawServer(({ socket }) =>
      socket.end(httpAnswer({ status: 400, body: JSON.stringify(body) })),
    )
    const result = await complete(clientOf(server.url))
    expect(result).toMatchObject({ ok: false, code: 'context_overflow', transient: false })
    expect(JSON.stringify(result)).not.toContain('JANE')
  })
})

describe('a tokenizer that hangs', () => {
  it('leaves the call time of its own: it goes out by the estimate', async () => {
    const { server, paths } = await start({ tokenize: () => null, usage: usage(850, 20) })
    const result = await complete(clientOf(server.url, inWindow), { ...prompt(3000), within_ms: 400 })
    expect(result).toMatchObject({ ok: true })
    expect(paths()).toEqual(['/tokenize', COMPLETIONS])
  })

  it('with its whole server shows as a call that was not answered, timed from its sending', async () => {
    const server = await startRawServer(() => undefined)
    const result = await complete(clientOf(server.url, inWindow), { ...prompt(3000), within_ms: 200 })
    expect(result).toMatchObject({ ok: false, code: 'upstream_timeout' })
    expect(result.latency_ms).toBeGreaterThan(0)
    expect(server.calls.map(({ path }) => path)).toEqual(['/tokenize', COMPLETIONS])
  })

  it('does not keep a cancelled call: the model is never asked', async () => {
    const { server, paths } = await start({ tokenize: () => null })
    const cancellation = new Cancellation()
    const client = clientOf(server.url, inWindow)
    const pending = client.complete(ask(prompt(3000)), cancellation)
    const { closed } = await server.call(0)
    cancellation.cancel('cancelled')
    expect(await pending).toMatchObject({ ok: false, code: 'cancelled' })
    await closed
    await client.complete(ask({ user: 'short' }), UNCANCELLED)
    expect(paths()).toEqual(['/tokenize', COMPLETIONS])
  })
})
