import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readCompletion } from '../../../src/models/completion.ts'
import { StreamText } from '../../../src/models/stream-text.ts'

function streamed(pieces: readonly string[]) {
  const text = new StreamText()
  const deltas = [...pieces.map((piece) => text.push(piece)), text.end()]
  return { deltas, content: text.content, warnings: text.warnings }
}

it('a character cut in two comes out whole, and later', () => {
  expect(streamed(['a\ud83d', '\ude00b']).deltas).toEqual(['a', '😀b', ''])
})

it('a line end cut in two stays a line end', () => {
  expect(streamed(['a\r', '\nb\r', 'c']).content).toBe('a\r\nb\ufffdc')
})

it('half a character, and NUL, come out as U+FFFD', () => {
  expect(streamed(['a\ud83d', 'b', '\udc00', 'c\u0000', '\ud83d']).content).toBe('a\ufffdb\ufffdc\ufffd\ufffd')
})

it('the pieces together are what the same text is as a whole answer, however it is cut', () => {
  const unit = fc.constantFrom(
    '<think>',
    '</think>',
    '\ud83d',
    '\ude00',
    '\0',
    '\u202e',
    '\r',
    ' ',
    '\n',
    'x',
    '<',
    'é',
  )
  fc.assert(
    fc.property(fc.array(fc.string({ unit, maxLength: 5 }), { maxLength: 10 }), (pieces) => {
      const { deltas, content, warnings } = streamed(pieces)
      expect(deltas.join('')).toBe(content)
      const choices = [{ message: { content: pieces.join('') }, finish_reason: 'stop' }]
      const whole = readCompletion({ choices }, 64, 1)
      if (whole.ok) expect({ content, warnings }).toEqual({ content: whole.content, warnings: whole.warnings })
      else
        expect({ code: whole.code, text: content.replaceAll('\ufffd', '').trim() }).toEqual({
          code: 'empty_output',
          text: '',
        })
    }),
  )
})
