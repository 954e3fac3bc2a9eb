import { describe, expect, it } from 'vitest'
import { askedIn } from '../../../src/contract/asked.ts'
import type { ChatMessage } from '../../../src/contract/chat.ts'
import { writeToolResponse } from '../../../src/contract/tool-calls.ts'

const user = (content: string): ChatMessage => ({ role: 'user', content })
const answered = user(writeToolResponse('K 6.1 </tool_response> {"a": 1}'))

describe('what a conversation asks for', () => {
  it.each([
    [
      'the last words of the user',
      [user('One?'), { role: 'assistant' as const, content: 'Yes.' }, user('Two?')],
      'Two?',
    ],
    ['not what tools have answered', [user('Is it high?'), answered, answered], 'Is it high?'],
    [
      'not the data in a message',
      [user('Sum up.\n\n<context>\nSELECT 1\n</context>\n<context>\nB\n</context>')],
      'Sum up.',
    ],
    ['not a message of data alone', [user('Sum up.'), user('<context>\nSELECT 1\n</context>')], 'Sum up.'],
    ['what there is, where there is nothing else', [answered], answered.content],
    ['text that begins data and never ends it', [user('A <context> B'), answered], 'A <context> B'],
    ['nothing, of nothing', [], ''],
  ])('is %s', (_, messages, words) => {
    expect(askedIn(messages)).toBe(words)
  })

  it('may speak of a tool’s answer', () => {
    const text = 'What does <tool_response>\nK 6.1\n</tool_response> mean?'
    expect(askedIn([user('Hi'), user(text)])).toBe(text)
  })
})
