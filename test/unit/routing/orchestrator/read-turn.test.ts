import { describe, expect, test } from 'vitest'
import { readTurn, splitReasoning } from '../../../../src/routing/orchestrator/read-turn.ts'
import { offer } from './cast.ts'

const OFFERS = [offer('enhance_reasoning'), offer('answer')]
const KNOWN = new Set(['enhance_reasoning', 'answer', 'search'])
const read = (content: string) => readTurn(content, OFFERS, KNOWN)
const call = (name: unknown, given: unknown) =>
  `<tool_call>\n${JSON.stringify({ name, arguments: given })}\n</tool_call>`

describe('what a model wrote to itself', () => {
  test.each([
    ['<think>\nA.\n</think>\n\nB.', 'A.', 'B.'],
    ['A.\n</think>\n\nB.', 'A.', 'B.'],
    ['  <think>A. And no end', 'A. And no end', ''],
    ['<think></think>B.', '', 'B.'],
    ['B.', '', 'B.'],
    ['', '', ''],
    ['<think>A</think>B</think>C', 'A', 'B</think>C'],
  ])('is cut off: %j', (content, reasoning, rest) => {
    const split = splitReasoning(content)
    expect(split.reasoning).toBe(reasoning)
    expect(split.rest.trim()).toBe(rest)
  })
})

describe('a turn', () => {
  test('is the first call that can be made', () => {
    const { choice, ignored, fault } = read(
      `Well. ${call('answer', { model: 'answer-7' })}${call('answer', { model: 'answer-2' })}${call('answer', { model: 'answer-1' })}`,
    )
    expect(choice).toMatchObject({ tool: { name: 'answer' }, expert: { alias: 'answer-2' } })
    expect(ignored.map(({ reason }) => reason)).toEqual(['unknown_model', 'one_per_turn'])
    expect(fault).toBeNull()
  })

  test.each([
    ['text alone', 'I think so.', 'no_call'],
    ['a call in its thoughts only', `<think>${call('answer', { model: 'answer-1' })}</think>Hm.`, 'no_call'],
    ['thoughts without an end', `<think>${call('answer', { model: 'answer-1' })}`, 'no_call'],
    ['a call that does not end', call('answer', { model: 'answer-1' }).replace('</tool_call>', ''), 'no_call'],
    ['a call without a name', '<tool_call>{"arguments": {"model": "answer-1"}}</tool_call>', 'no_call'],
    ['a tool that there is not', call('taxi', { model: 'answer-1' }), 'unknown_tool'],
    ['a tool that is not offered', call('search', { model: 'search-1' }), 'not_offered'],
    ['a model of another tool', call('answer', { model: 'reasoner-1' }), 'unknown_model'],
    ['a model by its own name', call('answer', { model: 'model-of-answer-1' }), 'unknown_model'],
    ['no model', call('answer', {}), 'unknown_model'],
    ['a model that is no text', call('answer', { model: 1 }), 'unknown_model'],
    ['arguments that are a list', call('answer', ['answer-1']), 'unknown_model'],
    ['arguments that are nothing', call('answer', null), 'unknown_model'],
    ['arguments that are no JSON', call('answer', '{model: answer-1'), 'unknown_model'],
  ])('is none: %s', (_, content, fault) => {
    expect(read(content)).toMatchObject({ choice: null, fault })
  })

  test('may have its arguments as text', () => {
    expect(read(call('answer', '{"model": "answer-1"}')).choice?.expert.alias).toBe('answer-1')
  })

  test('shows names of a model only so long', () => {
    const { ignored } = read(call('x'.repeat(1000), { model: 'y'.repeat(1000) }))
    expect([ignored[0]?.tool.length, ignored[0]?.model?.length]).toEqual([64, 64])
  })
})
