import { expect, it } from 'vitest'
import { readCompletion } from '../../../src/models/completion.ts'

const answer = (content: string) =>
  readCompletion({ choices: [{ message: { content }, finish_reason: 'stop' }] }, 100, 1)

it.each(['', ' \n', '\u200b\u200b', '\ufeff', '\u00a0', '\u202e', '\u0007'])(
  'text that nobody can see is no answer: %j',
  (content) => {
    expect(answer(content)).toMatchObject({ ok: false, code: 'empty_output' })
  },
)

it('one visible sign is an answer', () => {
  expect(answer('\u200b5')).toMatchObject({ ok: true })
})
