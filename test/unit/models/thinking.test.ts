import { describe, expect, test } from 'vitest'
import { CustomTask } from '../../../src/contract/execute.ts'
import { readCompletion } from '../../../src/models/completion.ts'

const CALL = [{ id: '1', type: 'function', function: { name: 'answer', arguments: '{"model":"answer-1"}' } }]
const WRITTEN = '<tool_call>\n{"name":"answer","arguments":{"model":"answer-1"}}\n</tool_call>'
const read = (message: object, thinking: boolean) => {
  const read = readCompletion({ choices: [{ message, finish_reason: 'stop' }] }, 64, 1, true, thinking)
  return read.ok ? read.content : read.code
}

describe('what a model wrote to itself, where a task with tools asks for it', () => {
  test.each<[string, object, string]>([
    [
      'in the text before a call',
      { content: '<think>\nA.\n</think>\n\n', tool_calls: CALL },
      `<think>\nA.\n</think>\n${WRITTEN}`,
    ],
    ['in the text before text', { content: '<think>A.</think>B.' }, '<think>A.</think>\nB.'],
    ['that never ends', { content: '<think>A.' }, '<think>A.\n'],
    [
      'taken out by the server',
      { content: null, reasoning_content: 'A.', tool_calls: CALL },
      `<think>\nA.\n</think>\n${WRITTEN}`,
    ],
    ['taken out under its other name', { content: 'B.', reasoning: 'A.' }, '<think>\nA.\n</think>\nB.'],
    ['that is not there', { content: 'B.' }, 'B.'],
    ['that is not there, before a call', { content: null, tool_calls: CALL }, WRITTEN],
  ])('stays: %s', (_, message, content) => {
    expect(read(message, true)).toBe(content)
  })

  test.each<[object, string]>([
    [{ content: '<think>A.</think>', tool_calls: CALL }, WRITTEN],
    [{ content: null, reasoning_content: 'A.', tool_calls: CALL }, WRITTEN],
    [{ content: '<think>A.</think>B.' }, 'B.'],
    [{ content: '<think>A.' }, 'empty_output'],
    [{ content: null, reasoning_content: 'A.' }, 'bad_upstream_response'],
  ])('is left out where nobody asks for it: %j', (message, content) => {
    expect(read(message, false)).toBe(content)
  })
})

test('thoughts are kept only of a task with tools', () => {
  const parsed = CustomTask.safeParse({ task_id: 'a', agent_type: 'auto', prompt: 'x', thinking: true })
  expect(parsed.error?.issues.map(({ path }) => path)).toEqual([['thinking']])
})
