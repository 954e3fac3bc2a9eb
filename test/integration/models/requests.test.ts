import { describe, expect, it } from 'vitest'
import { chatCompletion, httpAnswer, type RawAnswer, startRawServer } from '../../helpers/raw-server.ts'
import { clientOf, complete, type modelAt } from './subject.ts'

const KEY = 'sk-hunter2-canary'

async function answering(answer: RawAnswer, parts: Parameters<typeof modelAt>[1] = {}) {
  const server = await startRawServer(({ socket }) => socket.end(httpAnswer(answer)))
  return { server, result: await complete(clientOf(server.url, parts)) }
}

describe('what a model server is sent', () => {
  it('is one chat completion without streaming, under the name that it serves', async () => {
    const { server, result } = await answering({ body: chatCompletion() })
    expect(result).toMatchObject({
      ok: true,
      content: 'An answer.',
      tokens: 3,
      prompt_tokens: 12,
      simulated: false,
      warnings: [],
    })
    const [call] = server.calls
    expect(call).toMatchObject({ method: 'POST', path: '/v1/chat/completions' })
    expect(call?.headers['content-type']).toBe('application/json')
    expect(JSON.parse(call?.body ?? '')).toEqual({
      model: 'served-name',
      messages: [
        { role: 'system', content: 'You write summaries.' },
        { role: 'user', content: 'Jane Roe, chest pain.' },
      ],
      max_tokens: 64,
      temperature: 0.3,
      stream: false,
    })
  })

  it('goes to the path of its base URL', async () => {
    const server = await startRawServer(({ socket }) => socket.end(httpAnswer({ body: chatCompletion() })))
    await complete(clientOf(`http://127.0.0.1:${server.port}/openai/v1`))
    expect(server.calls[0]?.path).toBe('/openai/v1/chat/completions')
  })

  it('holds any text as it is: line breaks, quotes, emoji, half a surrogate pair', async () => {
    const user = 'a"\\\n\r\t\u0000 😀 \ud800 {{x}} $& ٣'
    const server = await startRawServer(({ socket }) => socket.end(httpAnswer({ body: chatCompletion() })))
    await complete(clientOf(server.url), { user })
    const sent = JSON.parse(server.calls[0]?.body ?? '') as { messages: { content: string }[] }
    expect(sent.messages[1]?.content).toBe(user)
  })

  it('carries the API key as a bearer token, and none when there is none', async () => {
    const withKey = await answering({ body: chatCompletion() }, { api_key: KEY })
    expect(withKey.server.calls[0]?.headers.authorization).toBe(`Bearer ${KEY}`)
    const without = await answering({ body: chatCompletion() })
    expect(without.server.calls[0]?.headers).not.toHaveProperty('authorization')
  })
})

describe('what a failure says', () => {
  it.each([201, 302, 400, 401, 403, 404, 408, 422, 429, 500, 502, 503, 504])(
    'of status %i holds neither the key nor a word of the server',
    async (status) => {
      const body = JSON.stringify({ error: { message: `Bad key ${KEY} for Jane Roe`, type: KEY, code: KEY } })
      const headers = { 'www-authenticate': KEY, 'retry-after': KEY }
      const { result } = await answering({ status, headers, body }, { api_key: KEY })
      expect(result.ok).toBe(false)
      expect(JSON.stringify(result)).not.toMatch(/hunter2|Jane/)
    },
  )

  it('of a status follows the status even when the body is no JSON', async () => {
    for (const body of ['', '<html>', '{oops', 'null', '[]', '"x"', '{"error":null}', '{"error":"x"}'])
      expect((await answering({ status: 400, body })).result).toMatchObject({ code: 'upstream_rejected' })
  })

  it('honours Retry-After of a rate limit and of an overloaded server', async () => {
    const rate = await answering({ status: 429, headers: { 'retry-after': '7' } })
    expect(rate.result).toMatchObject({ code: 'rate_limited', transient: true, retry_after_ms: 7000 })
    const busy = await answering({ status: 503, headers: { 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' } })
    expect(busy.result).toMatchObject({ code: 'upstream_error', transient: true, retry_after_ms: 0 })
    const junk = await answering({ status: 429, headers: { 'retry-after': 'soon' } })
    expect(junk.result).toMatchObject({ code: 'rate_limited', retry_after_ms: null })
  })
})

describe('text of a model', () => {
  const contentOf = async (body: Buffer) => {
    const { result } = await answering({ body })
    return result.ok ? result.content : result.code
  }
  const around = (bytes: Buffer) => {
    const [before = '', after = ''] = chatCompletion({ content: 'xSPLITy' }).split('SPLIT')
    return Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)])
  }

  it.each<[string, Buffer, string]>([
    ['invalid UTF-8', Buffer.from([0xff, 0xc3, 0x28]), 'x\ufffd\ufffd(y'],
    ['a surrogate in UTF-8', Buffer.from([0xed, 0xa0, 0x80]), 'x\ufffd\ufffd\ufffdy'],
    ['an escaped NUL', Buffer.from('\\u0000'), 'x\ufffdy'],
    ['an escaped lone surrogate', Buffer.from('\\ud83d'), 'x\ufffdy'],
    ['an escaped pair', Buffer.from('\\ud83d\\ude00'), 'x😀y'],
    ['a raw NUL', Buffer.from([0]), 'bad_upstream_response'],
  ])('with %s is safe to store', async (_, bytes, expected) => {
    expect(await contentOf(around(bytes))).toBe(expected)
  })

  it('behind a byte order mark is refused rather than guessed at', async () => {
    expect(await contentOf(Buffer.from(`\ufeff${chatCompletion()}`))).toBe('bad_upstream_response')
  })

  it('survives being cut between the bytes of a character', async () => {
    const bytes = httpAnswer({ body: chatCompletion({ content: 'é😀é'.repeat(20) }) })
    const server = await startRawServer(({ socket }) => {
      socket.setNoDelay(true)
      const next = (at: number) => {
        if (at >= bytes.length) socket.end()
        else socket.write(bytes.subarray(at, at + 1), () => setImmediate(next, at + 1))
      }
      next(0)
    })
    expect(await complete(clientOf(server.url))).toMatchObject({ ok: true, content: 'é😀é'.repeat(20) })
  })
})

it('only the header of the simulator marks an answer as simulated', async () => {
  const simulated = await answering({ headers: { 'x-consilium-simulator': '1' }, body: chatCompletion() })
  expect(simulated.result).toMatchObject({ ok: true, simulated: true })
  const other = await answering({
    headers: { 'x-consilium-simulator': '0', server: 'simulator' },
    body: chatCompletion(),
  })
  expect(other.result).toMatchObject({ ok: true, simulated: false })
})
