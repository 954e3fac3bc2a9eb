import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Fault, SCHEMA_VARIANTS } from '../../../simulator/faults.ts'
import { type ModelServer, startModelServer } from '../../../simulator/server.ts'
import { ask, completion, prompt } from '../../helpers/simulator-client.ts'

let server: ModelServer
beforeAll(async () => {
  server = await startModelServer({ model: 'Tiny', slots: 8 })
})
afterAll(() => server.close())

interface Whole {
  choices: [{ message: { content: unknown } }]
  usage: { completion_tokens: unknown }
}

const withFault = (fault: Fault, body = prompt('Case text.', { max_tokens: 64 })) => {
  server.setFaults([fault])
  return ask(server, body)
}
const jsonWith = async (fault: Fault) => JSON.parse((await withFault(fault)).body.toString())

describe('a fault in what a model server says', () => {
  it.each([429, 500, 502, 503, 504, 400, 401, 404, 422])('answers %i', async (status) => {
    const got = await withFault({ kind: 'status', status })
    expect(got.status).toBe(status)
    expect(got.headers['x-consilium-simulator']).toBe('1')
  })

  it.each(['7', 'Wed, 21 Oct 2099 07:28:00 GMT', '-5', 'junk', '99999999'])(
    'sends Retry-After: %s',
    async (retry_after) => {
      const got = await withFault({ kind: 'status', status: 429, retry_after })
      expect(got.headers['retry-after']).toBe(retry_after)
    },
  )

  it('redirects, and sends any body with a status', async () => {
    const got = await withFault({ kind: 'status', status: 302, location: 'http://169.254.169.254/', body: '<html>' })
    expect([got.status, got.headers.location, got.body.toString()]).toEqual([302, 'http://169.254.169.254/', '<html>'])
  })

  it('is no JSON when malformed', async () => {
    const got = await withFault({ kind: 'malformed' })
    expect(got.status).toBe(200)
    expect(() => JSON.parse(got.body.toString())).toThrow(SyntaxError)
  })

  it.each([
    ['not_object', (body: unknown) => Array.isArray(body)],
    ['no_choices', (body: object) => !('choices' in body)],
    ['choices_object', ({ choices }: { choices: unknown }) => !Array.isArray(choices) && typeof choices === 'object'],
    ['empty_choices', ({ choices }: { choices: unknown[] }) => choices.length === 0],
    ['no_message', ({ choices }: { choices: object[] }) => !('message' in (choices[0] ?? {}))],
    ['content_null', (body: Whole) => body.choices[0].message.content === null],
    ['content_number', (body: Whole) => body.choices[0].message.content === 42],
    ['content_array', (body: Whole) => Array.isArray(body.choices[0].message.content)],
    ['usage_strings', (body: Whole) => typeof body.usage.completion_tokens === 'string'],
    ['usage_negative', (body: Whole) => body.usage.completion_tokens === -1],
    ['no_usage', (body: object) => !('usage' in body)],
    ['extra_members', (body: object) => 'timings' in body && 'choices' in body],
  ] as [(typeof SCHEMA_VARIANTS)[number], (body: unknown) => boolean][])(
    'has the wrong shape "%s"',
    async (variant, isSo) => {
      const right = JSON.parse((await ask(server, prompt('Case text.'))).body.toString())
      expect(isSo(right)).toBe(false)
      expect(isSo(await jsonWith({ kind: 'schema', variant }))).toBe(true)
    },
  )

  it('knows exactly these twelve wrong shapes', () => {
    expect(SCHEMA_VARIANTS).toHaveLength(12)
  })

  it('is empty', async () => {
    const body = await jsonWith({ kind: 'empty' })
    expect(body.choices[0].message.content).toBe('')
    expect(body.usage.completion_tokens).toBe(0)
  })

  it.each(['length', 'content_filter'])('stops half-way with the reason %s', async (reason) => {
    const whole = await completion(server, prompt('Case text.', { max_tokens: 64 }))
    const body = await jsonWith({ kind: 'finish', reason })
    expect(body.choices[0].finish_reason).toBe(reason)
    expect(whole.text.startsWith(body.choices[0].message.content)).toBe(true)
    expect(body.usage.completion_tokens).toBeLessThan(whole.usage.completion_tokens)
  })

  it('calls a tool instead of writing', async () => {
    const { message, finish_reason } = (await jsonWith({ kind: 'finish', reason: 'tool_calls' })).choices[0]
    expect([finish_reason, message.content, message.tool_calls.length]).toEqual(['tool_calls', null, 1])
  })

  it('fills max_tokens and says that it ended by itself', async () => {
    const body = await jsonWith({ kind: 'cut_as_stop' })
    expect([body.choices[0].finish_reason, body.usage.completion_tokens]).toEqual(['stop', 64])
  })

  it('reads only the end of the prompt, and counts only that', async () => {
    const echoing = await startModelServer({ model: 'Tiny', echo: true })
    echoing.setFaults([{ kind: 'input_cut', prompt_tokens: 5 }])
    const { text, usage } = await completion(echoing, prompt(`${'start '.repeat(50)}and the very end`))
    await echoing.close()
    expect(text).toBe('art and the very end')
    expect(usage.prompt_tokens).toBe(5)
  })

  it('is gzip that nobody asked for', async () => {
    const got = await withFault({ kind: 'gzip' })
    expect(got.headers['content-encoding']).toBe('gzip')
    expect(JSON.parse(gunzipSync(got.body).toString()).object).toBe('chat.completion')
  })

  it('holds bytes that are not UTF-8', async () => {
    const { body } = await withFault({ kind: 'bad_text', variant: 'invalid_utf8' })
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(body)).toThrow(TypeError)
    expect(JSON.parse(body.toString()).choices[0].message.content).toContain('\uFFFD')
  })

  it('holds a NUL, a lone surrogate or a byte order mark', async () => {
    expect((await jsonWith({ kind: 'bad_text', variant: 'nul' })).choices[0].message.content).toContain('\u0000')
    const lone: string = (await jsonWith({ kind: 'bad_text', variant: 'lone_surrogate' })).choices[0].message.content
    expect(lone.isWellFormed()).toBe(false)
    const { body } = await withFault({ kind: 'bad_text', variant: 'bom' })
    expect([...body.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
  })
})

describe('a fault script', () => {
  it('hits the next requests in order, lets null pass and is used up', async () => {
    server.setFaults([{ kind: 'status', status: 500 }, null, { kind: 'status', status: 503 }])
    const statuses: (number | null)[] = []
    for (let at = 0; at < 4; at++) statuses.push((await ask(server, prompt('x'))).status)
    expect(statuses).toEqual([500, 200, 503, 200])
  })

  it('may be a function of how many have come since and of the request', async () => {
    server.setFaults((n, request) => (n === 2 || request.max_tokens === 9 ? { kind: 'status', status: 503 } : null))
    const statuses: (number | null)[] = []
    for (const more of [{}, {}, {}, { max_tokens: 9 }]) statuses.push((await ask(server, prompt('x', more))).status)
    expect(statuses).toEqual([200, 503, 200, 503])
    server.setFaults([])
    expect((await ask(server, prompt('x', { max_tokens: 9 }))).status).toBe(200)
  })
})
