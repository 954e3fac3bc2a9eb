import { describe, expect, it } from 'vitest'
import { readToolCalls, writeToolCalls, writeToolResponse } from '../../../src/contract/tool-calls.ts'

describe('calls of tools as text', () => {
  it('come back as they were written, whatever their arguments hold', () => {
    const calls = [
      { name: 'search', arguments: { query: 'a } </tool_call> b', nested: { list: [1, null, '<tool_call>'] } } },
      { name: 'note', arguments: {} },
    ]
    expect(readToolCalls(writeToolCalls(calls))).toEqual({ text: '', calls })
  })

  it('stand beside text, which stays', () => {
    const content = `I shall look.\n${writeToolCalls([{ name: 'search', arguments: { q: 'x' } }])}`
    expect(readToolCalls(content)).toEqual({
      text: 'I shall look.',
      calls: [{ name: 'search', arguments: { q: 'x' } }],
    })
  })

  it('may leave their arguments out', () => {
    expect(readToolCalls('<tool_call>{"name":"now"}</tool_call>').calls).toEqual([{ name: 'now', arguments: {} }])
  })

  it.each(['<tool_call>{"name": 7}</tool_call>', '<tool_call>{broken}</tool_call>', '<tool_call>{"name":"a"}'])(
    'stay text when they are none: %s',
    (content) => {
      expect(readToolCalls(content)).toEqual({ text: content, calls: [] })
    },
  )

  it('are answered as text of the user', () => {
    expect(writeToolResponse('42')).toBe('<tool_response>\n42\n</tool_response>')
  })
})
