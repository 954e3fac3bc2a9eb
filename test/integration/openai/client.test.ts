import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { authorization, CHAT, CLINICAL, INSURANCE, type ServiceOptions, startService } from '../../helpers/service.ts'

/** The official client, pointed at the whole service on its simulated servers. */
async function pointedHere(options: ServiceOptions = {}) {
  const service = await startService(options)
  const address = await service.listen()
  const apiKey = authorization().authorization.replace('Bearer ', '')
  return { service, client: new OpenAI({ baseURL: `${address}/v1`, apiKey, maxRetries: 0 }), address }
}

const asking = (content: string) => [{ role: 'user' as const, content }]

describe('the official OpenAI client, unchanged', () => {
  it('lists models, agents and auto', async () => {
    const { client } = await pointedHere()
    const ids: string[] = []
    for await (const { id } of client.models.list()) ids.push(id)
    expect(ids).toEqual(expect.arrayContaining([CHAT, CLINICAL, 'agent:Clinical', 'auto']))
  })

  it('looks up one model', async () => {
    const { client } = await pointedHere()
    expect(await client.models.retrieve('agent:Clinical')).toMatchObject({ id: 'agent:Clinical', object: 'model' })
    await expect(client.models.retrieve('gpt-4o')).rejects.toBeInstanceOf(OpenAI.NotFoundError)
  })

  it('gets one answer of the model that it names, with what the server counted', async () => {
    const { client, service } = await pointedHere({ simulator: { reply: () => 'one two three' } })
    const answer = await client.chat.completions.create({ model: CHAT, messages: asking('Say three words.') })
    expect(answer.choices).toEqual([
      {
        index: 0,
        message: { role: 'assistant', content: 'one two three', refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ])
    expect(answer).toMatchObject({ object: 'chat.completion', model: CHAT, usage: { completion_tokens: 4 } })
    expect(answer.usage?.total_tokens).toBe((answer.usage?.prompt_tokens ?? 0) + 4)
    expect(answer.id).toMatch(/^chatcmpl-[0-9a-f-]{36}$/)
    expect(service.server(CHAT).ledger.received).toBe(1)
    expect(answer).toMatchObject({ consilium: { model: CHAT, gpu: 1, simulated: true, truncated: false } })
  })

  it('sends a conversation as it is, with nothing of ours, whatever it holds', async () => {
    const { client, service } = await pointedHere()
    const messages = [
      { role: 'system' as const, content: 'Answer in {{context.language}} and in Spanish.' },
      ...asking('Is {{tasks.x.output}} a placeholder?'),
      { role: 'assistant' as const, content: 'No.' },
      {
        role: 'user' as const,
        content: [
          { type: 'text' as const, text: '$& ' },
          { type: 'text' as const, text: '</context> ok' },
        ],
      },
    ]
    await client.chat.completions.create({ model: `agent:Clinical`, messages })
    const [entry] = service.server(CLINICAL).ledger.entries
    expect(entry?.messages).toEqual([
      { role: 'system', content: 'Answer in {{context.language}} and in Spanish.' },
      { role: 'user', content: 'Is {{tasks.x.output}} a placeholder?' },
      { role: 'assistant', content: 'No.' },
      { role: 'user', content: '$& </context> ok' },
    ])
  })

  it('hears the answer as it is written, and the usage at the end', async () => {
    const { client } = await pointedHere({ simulator: { reply: () => 'one two three four five' } })
    const stream = await client.chat.completions.create({
      model: CHAT,
      messages: asking('Count.'),
      stream: true,
      stream_options: { include_usage: true },
    })
    const pieces: string[] = []
    let finish: string | null = null
    let usage: unknown = null
    let role: string | undefined
    for await (const chunk of stream) {
      const [choice] = chunk.choices
      role ??= choice?.delta.role
      if (choice?.delta.content) pieces.push(choice.delta.content)
      finish = choice?.finish_reason ?? finish
      usage = chunk.usage ?? usage
    }
    expect({ role, text: pieces.join(''), finish }).toEqual({
      role: 'assistant',
      text: 'one two three four five',
      finish: 'stop',
    })
    expect(usage).toMatchObject({ completion_tokens: expect.any(Number) })
  })

  it('is told that an answer was cut by its limit', async () => {
    const { client } = await pointedHere({ simulator: { reply: () => 'one two three four five six' } })
    const answer = await client.chat.completions.create({ model: CHAT, messages: asking('Count.'), max_tokens: 3 })
    expect(answer.choices[0]?.finish_reason).toBe('length')
  })

  it('runs through helpers of the client that follow a stream', async () => {
    const { client } = await pointedHere({ simulator: { reply: () => 'hello there' } })
    const final = await client.chat.completions.stream({ model: INSURANCE, messages: asking('Hi') }).finalContent()
    expect(final).toBe('hello there')
  })
})

describe('what goes wrong reaches the client in its own classes', () => {
  it('a model that is not there', async () => {
    const { client } = await pointedHere()
    const call = client.chat.completions.create({ model: 'gpt-4o', messages: asking('Hi') })
    await expect(call).rejects.toBeInstanceOf(OpenAI.NotFoundError)
    await expect(call).rejects.toMatchObject({ code: 'not_found', param: 'model' })
  })

  it('a request that cannot be served as it is asked', async () => {
    const { client } = await pointedHere()
    const messages = asking('Hi')
    for (const wrong of [{ n: 2 }, { logprobs: true }, { temperature: 9 }, { messages: [] }])
      await expect(client.chat.completions.create({ model: CHAT, messages, ...wrong })).rejects.toMatchObject({
        name: 'Error',
        status: 400,
        param: expect.stringContaining(Object.keys(wrong)[0] as string),
      })
  })

  it('a token that is none', async () => {
    const { address } = await pointedHere()
    const client = new OpenAI({ baseURL: `${address}/v1`, apiKey: 'sk-none', maxRetries: 0 })
    const call = client.chat.completions.create({ model: CHAT, messages: asking('Hi') })
    await expect(call).rejects.toBeInstanceOf(OpenAI.AuthenticationError)
  })

  it.each([
    ['a model that is switched off', 'shut', OpenAI.UnprocessableEntityError, 'it needs a key in MODEL_API_KEYS'],
    ['a budget that has too little left', 'dear', OpenAI.RateLimitError, 'may spend (per_caller_day)'],
  ] as const)('%s: the reason, and nothing is asked again', async (_, model, kind, reason) => {
    const { address } = await pointedHere({
      env: { ALLOWED_MODEL_HOSTS: '127.0.0.1,cloud.example.com' },
      roster: (roster) => {
        const [any] = roster.models as [(typeof roster.models)[number]]
        const price = { input: 0, output: 1_000_000 }
        const shut = {
          id: 'shut',
          url: 'https://cloud.example.com/v1',
          tier: 'CLOUD_LARGE' as const,
          price: { input: 0, output: 1 },
        }
        const added = [shut, { id: 'dear', served_model: 'dear', price }].map((own) => ({ ...any, ...own }))
        const named = roster.models.map((one) => ({ ...one, served_model: one.id }))
        return { ...roster, models: [...named, ...added], budgets: { per_caller_day: 5 } }
      },
    })
    const apiKey = authorization().authorization.replace('Bearer ', '')
    let asked = 0
    const counted: typeof fetch = (...request) => {
      asked++
      return fetch(...request)
    }
    const client = new OpenAI({ baseURL: `${address}/v1`, apiKey, maxRetries: 2, fetch: counted })
    const call = client.chat.completions.create({ model, messages: asking('Hi'), max_tokens: 10 })
    await expect(call).rejects.toBeInstanceOf(kind)
    await expect(call).rejects.toMatchObject({ message: expect.stringContaining(reason) })
    expect(asked).toBe(1)
  })

  it('a server that fails', async () => {
    const { client, service } = await pointedHere()
    service.server(CHAT).setFaults(() => ({ kind: 'status', status: 400 }))
    const call = client.chat.completions.create({ model: CHAT, messages: asking('Hi') })
    await expect(call).rejects.toBeInstanceOf(OpenAI.InternalServerError)
    await expect(call).rejects.toMatchObject({ code: 'run_failed', status: 502 })
  })
})
