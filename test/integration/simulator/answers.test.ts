import { afterEach, describe, expect, it } from 'vitest'
import type { ModelServerOptions } from '../../../simulator/options.ts'
import { type ModelServer, startModelServer } from '../../../simulator/server.ts'
import { countTokens } from '../../../simulator/tokens.ts'
import { ask, completion, prompt, send } from '../../helpers/simulator-client.ts'

const running: ModelServer[] = []
const start = async (options: Partial<ModelServerOptions> = {}): Promise<ModelServer> => {
  const server = await startModelServer({ model: 'Tiny', ...options })
  running.push(server)
  return server
}
afterEach(() => Promise.all(running.splice(0).map((server) => server.close())))

const CASE = 'Summarise.\n<context name="patient_data">Marta, 72 years. BP 158/94 mmHg.</context>'

describe('a simulated chat completion', () => {
  it('has the shape of OpenAI, is marked in its header and in its first line', async () => {
    const server = await start()
    const { status, headers, body } = await ask(server, prompt(CASE))
    expect(status).toBe(200)
    expect(headers['x-consilium-simulator']).toBe('1')
    const parsed = JSON.parse(body.toString())
    expect(parsed).toMatchObject({
      object: 'chat.completion',
      model: 'Tiny',
      choices: [{ index: 0, message: { role: 'assistant' }, finish_reason: 'stop' }],
    })
    expect(parsed.choices[0].message.content.split('\n')[0]).toBe('[simulated by Tiny; not for clinical use]')
  })

  it('is the same for the same request, on another server too', async () => {
    const [one, other] = [await start(), await start()]
    const texts = await Promise.all(
      [one, one, other].map(async (server) => (await completion(server, prompt(CASE))).text),
    )
    expect(new Set(texts).size).toBe(1)
    expect((await completion(one, prompt(CASE.replace('158', '120')))).text).not.toBe(texts[0])
  })

  it('quotes the data that it was given', async () => {
    const { text } = await completion(await start(), prompt(CASE))
    expect(text).toContain('“BP 158/94 mmHg.” (patient_data)')
  })

  it('cites the output of an earlier task that it was handed', async () => {
    const earlier = '<output task="drug_analysis" agent="Clinical">\nWarfarin interacts.\nCheck the INR.\n</output>'
    const { text } = await completion(await start(), prompt(`${CASE}\n\nResults of earlier tasks:\n${earlier}`))
    expect(text).toContain('drug_analysis (Clinical): "Warfarin interacts. / Check the INR."')
  })

  it('reports usage that its tokenizer confirms', async () => {
    const server = await start()
    const { text, usage } = await completion(server, prompt(CASE))
    const { body } = await send(new URL('/tokenize', server.url).href, { content: text }).answer
    expect(JSON.parse(body.toString()).tokens).toHaveLength(usage.completion_tokens)
    expect(usage.prompt_tokens).toBeGreaterThanOrEqual(countTokens(`You write.\n${CASE}`))
    expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens)
  })

  it('is cut at max_tokens and says so', async () => {
    const server = await start()
    const whole = await completion(server, prompt(CASE))
    const cut = await completion(server, prompt(CASE, { max_tokens: 7 }))
    expect(cut.choices[0]?.finish_reason).toBe('length')
    expect(cut.usage.completion_tokens).toBe(7)
    expect(whole.text.startsWith(cut.text)).toBe(true)
    expect(countTokens(cut.text)).toBe(7)
  })

  it('cuts a prompt that does not fit the context without a word, as llama-server does', async () => {
    const server = await start({ context_window: 64 })
    const { usage, choices } = await completion(server, prompt('word '.repeat(500), { max_tokens: 8 }))
    expect(usage.prompt_tokens).toBe(32)
    expect(choices[0]?.finish_reason).toBe('length')
  })

  it('can be fixed by a test, or echo the question', async () => {
    const fixed = await start({ reply: (request) => `for ${request.model}` })
    expect((await completion(fixed, prompt('x'))).text).toBe('for m')
    expect((await completion(await start({ echo: true }), prompt('Say this'))).text).toBe('Say this')
  })

  it('passes for a real server without the header', async () => {
    const { headers } = await ask(await start({ markSimulated: false }), prompt('x'))
    expect(headers).not.toHaveProperty('x-consilium-simulator')
  })

  it.each([
    '{',
    '[]',
    '{"messages":[]}',
    '{"messages":[{"role":"user"}]}',
    '{"messages":[{"role":"user","content":"x"}],"max_tokens":0}',
  ])('refuses the body %s with 400', async (body) => {
    expect((await ask(await start(), body)).status).toBe(400)
  })
})

describe('a streamed chat completion', () => {
  const stream = (more: object = {}): object => prompt(CASE, { stream: true, ...more })
  const events = (body: Buffer): string[] => body.toString().split('\n\n').filter(Boolean)
  const chunks = (body: Buffer) =>
    events(body)
      .filter((event) => event !== 'data: [DONE]')
      .map((event) => JSON.parse(event.slice('data: '.length)))

  it('begins with the role and no content, ends with a reason and [DONE], and joins to the whole text', async () => {
    const server = await start()
    const { headers, body } = await ask(server, stream())
    expect(headers['content-type']).toBe('text/event-stream')
    const parts = chunks(body)
    expect(parts[0].choices[0].delta).toEqual({ role: 'assistant', content: null })
    expect(parts.at(-1).choices[0]).toEqual({ index: 0, delta: {}, finish_reason: 'stop' })
    expect(events(body).at(-1)).toBe('data: [DONE]')
    const text = parts.map((part) => part.choices[0].delta.content ?? '').join('')
    expect(text).toBe((await completion(server, prompt(CASE))).text)
    expect(parts.length).toBeGreaterThan(4)
  })

  it('reports usage only when asked', async () => {
    const server = await start()
    const asked = chunks((await ask(server, stream({ stream_options: { include_usage: true } }))).body)
    expect(asked.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: expect.any(Number) } })
    expect(chunks((await ask(server, stream())).body).every((part) => part.usage === undefined)).toBe(true)
  })

  it('spreads its events over the latency: the first is there while the rest is still being written', async () => {
    const server = await start({ latencyMs: 2000 })
    const { begun, abort, answer } = send(`${server.url}/chat/completions`, stream())
    await begun
    expect(server.ledger.inFlight).toBe(1)
    abort()
    expect((await answer).body.toString()).not.toContain('[DONE]')
  })
})

describe('the other routes of a simulated server', () => {
  const get = async (server: ModelServer, path: string, headers: Record<string, string> = {}) => {
    const { status, body } = await send(new URL(path, server.url).href, null, headers).answer
    return { status, json: JSON.parse(body.toString()) }
  }

  it('say its model, slots and context as llama.cpp does', async () => {
    const server = await start({ slots: 3, context_window: 2048 })
    expect(await get(server, '/health')).toEqual({ status: 200, json: { status: 'ok' } })
    expect((await get(server, '/v1/models')).json.data[0].id).toBe('Tiny')
    const { json } = await get(server, '/props')
    expect([json.total_slots, json.default_generation_settings.n_ctx]).toEqual([3, 2048])
    expect((await get(server, '/nowhere')).status).toBe(404)
  })

  it('do not tokenize when that is switched off', async () => {
    const server = await start({ tokenize: false })
    expect((await send(new URL('/tokenize', server.url).href, { content: 'x' }).answer).status).toBe(404)
  })

  it('ask for the key where there is one, but not for health', async () => {
    const server = await start({ apiKey: 'secret' })
    expect((await ask(server, prompt('x'))).status).toBe(401)
    expect((await ask(server, prompt('x'), { authorization: 'Bearer wrong' })).status).toBe(401)
    expect((await ask(server, prompt('x'), { authorization: 'Bearer secret' })).status).toBe(200)
    expect((await get(server, '/props')).status).toBe(401)
    expect((await get(server, '/health')).status).toBe(200)
    expect(server.ledger.received).toBe(1)
  })
})
