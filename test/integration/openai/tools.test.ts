import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { authorization, CHAT, type ServiceOptions, startService } from '../../helpers/service.ts'
import { withEmbeddings } from '../../helpers/with-embeddings.ts'

async function pointedHere(options: ServiceOptions = {}) {
  const service = await startService(options)
  const address = await service.listen()
  const apiKey = authorization().authorization.replace('Bearer ', '')
  return { service, client: new OpenAI({ baseURL: `${address}/v1`, apiKey, maxRetries: 0 }) }
}

type Routing = { task_type: string }

const TOOLS = [
  {
    type: 'function' as const,
    function: { name: 'find_bed', parameters: { type: 'object', properties: { ward: { type: 'string' } } } },
  },
]
const user = { role: 'user' as const, content: 'Is there a bed on ward </tool_call> 3?' }

/** An answer of a model server that calls a tool, as bytes. */
function calling(given: string, name: unknown = 'find_bed'): string {
  const message = {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'x', type: 'function', function: { name, arguments: given } }],
  }
  const body = JSON.stringify({
    choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
    usage: { prompt_tokens: 50, completion_tokens: 6 },
  })
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

describe('tools', () => {
  it('are called, answered and read again, over the official client', async () => {
    const { client, service } = await pointedHere({ simulator: { reply: () => 'Yes, bed 7.' } })
    const given = '{"ward":"</tool_call> 3"}'
    service.server(CHAT).setFaults([{ kind: 'raw', bytes: calling(given) }])
    const first = await client.chat.completions.create({ model: CHAT, messages: [user], tools: TOOLS })
    const [choice] = first.choices
    expect(choice).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } })
    const [call] = choice?.message.tool_calls ?? []
    expect(call).toMatchObject({ type: 'function', function: { name: 'find_bed', arguments: given } })
    expect(first.usage).toMatchObject({ prompt_tokens: 50, completion_tokens: 6 })

    const result = { role: 'tool' as const, tool_call_id: call?.id ?? '', content: '{"bed":7}' }
    const messages = [user, choice?.message as OpenAI.ChatCompletionMessage, result]
    const second = await client.chat.completions.create({ model: CHAT, messages, tools: TOOLS })
    expect(second.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'Yes, bed 7.' } })
    expect(service.server(CHAT).ledger.entries.at(-1)?.messages).toEqual([
      user,
      {
        role: 'assistant',
        content: '<tool_call>\n{"name":"find_bed","arguments":{"ward":"<\\/tool_call> 3"}}\n</tool_call>',
      },
      { role: 'user', content: '<tool_response>\n{"bed":7}\n</tool_response>' },
    ])
  })

  it('say nothing of the kind of work: what the user asked does, also behind what a tool has answered', async () => {
    const { client, service } = await pointedHere()
    const asked = { role: 'user' as const, content: 'Is 38.2 °C a fever?' }
    const call = { id: 'c1', type: 'function' as const, function: { name: 'find_lab', arguments: '{"name":"K"}' } }
    const messages = [
      asked,
      { role: 'assistant' as const, content: null, tool_calls: [call] },
      { role: 'tool' as const, tool_call_id: 'c1', content: 'K 6.1' },
    ]
    const kindOf = async (said: OpenAI.ChatCompletionMessageParam[]) => {
      const completion = await client.chat.completions.create({ model: 'auto', messages: said, tools: TOOLS })
      const { run_id, routing } = (completion as unknown as { consilium: { run_id: string; routing: Routing } })
        .consilium
      return { run_id, type: routing.task_type, model: completion.model }
    }
    const plain = await kindOf([asked])
    const answered = await kindOf(messages)
    expect(plain.type).toBe('SIMPLE')
    expect([answered.type, answered.model]).toEqual([plain.type, plain.model])
    expect(service.server(answered.model).ledger.entries.at(-1)?.messages).toHaveLength(3)
  })

  it('are called in a stream too, with the whole call at once', async () => {
    const { client, service } = await pointedHere()
    service.server(CHAT).setFaults([{ kind: 'raw', bytes: calling('{"ward":"3"}') }])
    const stream = client.chat.completions.stream({ model: CHAT, messages: [user], tools: TOOLS })
    const final = await stream.finalChatCompletion()
    expect(final.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ function: { name: 'find_bed', arguments: '{"ward":"3"}' } }] },
    })
  })

  it('are called too where a server leaves the call in the text of its model', async () => {
    const raw = 'I shall look.\n<tool_call>{"name":"find_bed","arguments":{"ward":"3"}}</tool_call>'
    const { client } = await pointedHere({ simulator: { reply: () => raw } })
    const asked = { model: CHAT, messages: [user] }
    const { choices } = await client.chat.completions.create({ ...asked, tools: TOOLS })
    expect(choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: 'I shall look.',
        tool_calls: [{ function: { name: 'find_bed', arguments: '{"ward":"3"}' } }],
      },
    })
    // Who offers no tools gets the text.
    const plain = await client.chat.completions.create(asked)
    expect(plain.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: raw } })
  })

  it('that nobody offered, or without a name, are no answer', async () => {
    const { client, service } = await pointedHere()
    service.server(CHAT).setFaults((n) => ({ kind: 'raw', bytes: calling('{}', n === 1 ? 'find_bed' : 7) }))
    for (const tools of [{}, { tools: TOOLS }])
      await expect(client.chat.completions.create({ model: CHAT, messages: [user], ...tools })).rejects.toMatchObject({
        status: 502,
        message: expect.stringContaining('bad_upstream_response'),
      })
  })
})

describe('what is no question', () => {
  it.each([
    [[{ role: 'system' as const, content: 'Be brief.' }]],
    [[user, { role: 'assistant' as const, content: 'Ye' }]],
    [[{ role: 'user' as const, content: ' ' }]],
    [[{ role: 'user' as const, content: [{ type: 'text' as const, text: '\n' }] }]],
  ])('is refused, and never sent as if the user had said it: %j', async (messages) => {
    const { client, service } = await pointedHere()
    await expect(client.chat.completions.create({ model: CHAT, messages })).rejects.toMatchObject({
      status: 400,
      param: 'messages',
    })
    expect(service.simulator.ledger.received).toBe(0)
  })
})

describe('embeddings', () => {
  it('come as numbers and as base64, the same', async () => {
    const { client } = await pointedHere({ roster: withEmbeddings })
    const input = ['fever', 'cough']
    const floats = await client.embeddings.create({ model: 'embedder', input, encoding_format: 'float' })
    // The client asks for base64 by itself, and reads it.
    const read = await client.embeddings.create({ model: 'auto', input })
    expect(floats.data.map(({ index }) => index)).toEqual([0, 1])
    expect(read.data.map(({ embedding }) => embedding)).toEqual(floats.data.map(({ embedding }) => embedding))
    expect(floats.data[0]?.embedding.length).toBeGreaterThan(10)
    const one = await client.embeddings.create({ model: 'embedder', input: 'fever', encoding_format: 'float' })
    expect(one.data[0]?.embedding).toEqual(floats.data[0]?.embedding)
  })

  it('are refused where no model makes them, by a model that makes none, and of nothing', async () => {
    const none = await pointedHere()
    await expect(none.client.embeddings.create({ model: 'auto', input: 'x' })).rejects.toMatchObject({
      status: 422,
      code: 'no_model',
    })
    const { client } = await pointedHere({ roster: withEmbeddings })
    await expect(client.embeddings.create({ model: CHAT, input: 'x' })).rejects.toMatchObject({ status: 404 })
    await expect(client.embeddings.create({ model: 'auto', input: [] })).rejects.toMatchObject({ status: 400 })
  })

  it('are made by a model that answers no chat', async () => {
    const { client } = await pointedHere({ roster: withEmbeddings })
    await expect(client.chat.completions.create({ model: 'embedder', messages: [user] })).rejects.toMatchObject({
      status: 400,
      code: 'unknown_model',
    })
  })
})
