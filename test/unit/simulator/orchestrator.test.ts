import { describe, expect, test } from 'vitest'
import { createOrchestrator, playWell, readTrained } from '../../../simulator/orchestrator.ts'
import type { ChatRequest } from '../../../simulator/request.ts'
import { readSettings } from '../../../simulator/settings.ts'
import { schemaOf } from '../../../src/routing/orchestrator/offer.ts'
import { turnMessages } from '../../../src/routing/orchestrator/work.ts'
import { offer } from '../routing/orchestrator/cast.ts'

const WORK = { problem: 'Why?', documents: [], notes: [] }
const request = (more: Partial<ChatRequest> = {}): ChatRequest => ({
  model: 'Orchestrator-8B',
  messages: turnMessages(WORK, 1000),
  max_tokens: 100,
  temperature: 1,
  stream: false,
  include_usage: false,
  priority: null,
  tools: [offer('enhance_reasoning'), offer('answer')].map(schemaOf),
  ...more,
})
const [system, user] = request().messages as [ChatRequest['messages'][number], ChatRequest['messages'][number]]
const tool = schemaOf(offer('answer'))

describe('the scripted orchestrator model', () => {
  test('understands what we send', () => {
    expect(readTrained(request())).toEqual([
      { name: 'enhance_reasoning', aliases: ['reasoner-1', 'reasoner-2'] },
      { name: 'answer', aliases: ['answer-1', 'answer-2'] },
    ])
  })

  test.each<[string, Partial<ChatRequest>]>([
    ['another system message', { messages: [{ ...system, content: 'You are helpful.' }, user] }],
    ['no system message', { messages: [user] }],
    ['a history', { messages: [system, user, { role: 'assistant', content: 'x' }, user] }],
    ['no problem', { messages: [system, { ...user, content: 'Why?\n\nChoose an appropriate tool.' }] }],
    ['no ask', { messages: [system, { ...user, content: 'Problem: Why?' }] }],
    ['another temperature', { temperature: 0.7 }],
    ['no tools', { tools: [] }],
    [
      'a tool with another argument',
      {
        tools: [{ ...tool, function: { ...tool.function, parameters: { type: 'object', properties: { query: {} } } } }],
      },
    ],
  ])('refuses %s', (_, more) => {
    expect(typeof readTrained(request(more))).toBe('string')
    expect(typeof createOrchestrator([{}])(request(more), 8192)).toBe('string')
  })

  test('keeps to its last move', () => {
    const play = createOrchestrator([{ text: 'a' }, { text: 'b' }])
    const said = [1, 2, 3].map(() => (play(request(), 8192) as { content: string }).content)
    expect(said).toEqual(['a', 'b', 'b'])
  })

  test('plays well by itself: a thought, then an answer', () => {
    const note = { tool: 'enhance_reasoning', by: 'reasoner-1', text: 'x' }
    expect(playWell(1, request()).calls).toEqual([{ tool: 'enhance_reasoning' }])
    expect(playWell(2, request({ messages: turnMessages({ ...WORK, notes: [note] }, 1000) })).calls).toEqual([
      { tool: 'answer' },
    ])
    expect(playWell(1, request({ tools: [tool] })).calls).toEqual([{ tool: 'answer' }])
  })

  test('plays where npm run simulate is told so', () => {
    const nobody = () => ''
    expect(readSettings({}, nobody).orchestrators).toBeUndefined()
    expect(readSettings({ ORCHESTRATOR_MODEL: 'BiMediX2-8B' }, nobody).orchestrators).toEqual({
      'BiMediX2-8B': playWell,
    })
    expect(() => readSettings({ ORCHESTRATOR_MODEL: 'x' }, nobody)).toThrow('ORCHESTRATOR_MODEL names "x"')
  })
})
