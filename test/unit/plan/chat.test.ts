import { describe, expect, it } from 'vitest'
import { RequestBody } from '../../../src/models/request-body.ts'
import { readChat } from '../../../src/plan/chat.ts'
import { planOf, task } from '../../helpers/plans.ts'

const TOOLS = [{ type: 'function' as const, function: { name: 'search', parameters: { type: 'object' } } }]

const sent = (chat: ReturnType<typeof readChat>, user = 'Hi') =>
  JSON.parse(
    new RequestBody('m').write({
      system: 'not sent',
      chat,
      phi: true,
      user,
      max_tokens: 5,
      temperature: 0,
      deadline: 0,
      on_delta: null,
    }),
  )

describe('a conversation', () => {
  it('is sent as it is, before the last message', () => {
    const before = [
      { role: 'system' as const, content: 'Say "yes".\n' },
      { role: 'assistant' as const, content: '' },
    ]
    expect(sent(readChat(before, {})).messages).toEqual([...before, { role: 'user', content: 'Hi' }])
    expect(sent(readChat([], {})).messages).toEqual([{ role: 'user', content: 'Hi' }])
  })

  it('carries what is said about sampling and tools, and nothing that is not', () => {
    const chat = readChat([], { sampling: { top_p: 0.5, seed: 7, stop: undefined }, tools: TOOLS })
    expect(sent(chat)).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      max_tokens: 5,
      temperature: 0,
      stream: false,
      top_p: 0.5,
      seed: 7,
      tools: TOOLS,
    })
    expect(chat.tools).toBe(true)
    expect(readChat([], { sampling: {} })).toEqual({ before_json: '', further_json: '', tools: false })
  })

  it('shows what a model thinks with tools only', () => {
    expect(readChat([], { thinking: true }).thinking).toBeUndefined()
    expect(readChat([], { thinking: true, tools: TOOLS }).thinking).toBe(true)
  })
})

describe('a task with messages', () => {
  const messages = [
    { role: 'system' as const, content: 'S' },
    { role: 'user' as const, content: 'Is {{context.x}} or {{tasks.b.output}} a placeholder?' },
  ]
  it('takes nothing in them for a placeholder', () => {
    const [plan] = planOf([task('a', { prompt: undefined, messages })]).tasks
    expect(plan?.template).toEqual([{ kind: 'text', text: messages[1]?.content }])
    expect(plan?.chat?.before_json).toBe(`${JSON.stringify(messages[0])},`)
  })

  it('keeps our own system message when it has a prompt and tools', () => {
    const [plan] = planOf([task('a', { tools: TOOLS })]).tasks
    expect(JSON.parse(plan?.chat?.before_json.slice(0, -1) ?? '')).toEqual({ role: 'system', content: plan?.system })
  })
})
