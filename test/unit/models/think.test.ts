import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ThinkFilter, warningsOf, withoutThinking } from '../../../src/models/think.ts'

/** What comes out of a text in these pieces. */
function filtered(pieces: readonly string[]) {
  const filter = new ThinkFilter()
  const answer = pieces.map((piece) => filter.push(piece)).join('') + filter.end()
  return { answer, left_out: filter.left_out }
}

describe('a leading reasoning block', () => {
  it.each<[string, string, boolean]>([
    ['<think>notes</think>Answer.', 'Answer.', true],
    ['\n <think>\nnotes\n</think>\n\nAnswer.\n', 'Answer.\n', true],
    ['<think>a < b </thin </think>Answer.', 'Answer.', true],
    ['<think>\n\n</think>\n\nAnswer.', 'Answer.', false],
    ['<think>one</think><think>two</think>Answer.', '<think>two</think>Answer.', true],
    ['<think>never closed', '', true],
    ['<think></thi', '', true],
    ['<think>', '', false],
  ])('of %j leaves %j', (text, answer, left_out) => {
    expect(withoutThinking(text)).toEqual({ answer, left_out })
  })

  it.each([
    '',
    ' \n',
    'Answer.',
    '  Answer.',
    '<thin',
    '<thinking>notes</thinking>',
    '< think>x</think>',
    'The tag <think>x</think> in a text.',
    '<b>bold</b>',
    `${' '.repeat(65)}<think>x</think>`,
  ])('is not in %j', (text) => {
    expect(withoutThinking(text)).toEqual({ answer: text, left_out: false })
  })

  it('is found however the text is cut up', () => {
    const words = fc.constantFrom(
      '<think>',
      '</think>',
      '<',
      'think>',
      '</',
      ' ',
      '\n',
      'a',
      'Discharged.',
      '😀',
      ' '.repeat(40),
    )
    fc.assert(
      fc.property(fc.array(words, { maxLength: 12 }), fc.array(fc.nat(60), { maxLength: 8 }), (parts, cuts) => {
        const text = parts.join('')
        const at = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length]
        const pieces = at.slice(1).map((end, index) => text.slice(at[index], end))
        expect(filtered(pieces)).toEqual(withoutThinking(text))
        expect(filtered([...text])).toEqual(withoutThinking(text))
      }),
    )
  })
})

it('text is handed on as soon as it can be told to be answer', () => {
  const filter = new ThinkFilter()
  expect(['<th', 'ree> ', 'words'].map((piece) => filter.push(piece))).toEqual(['', '<three> ', 'words'])
})

it('an end mark without a beginning is reported, and takes no text away', () => {
  const text = 'Maybe home? </think> Discharged home.'
  expect(withoutThinking(text).answer).toBe(text)
  expect(warningsOf(text, false)).toEqual([expect.stringContaining('end mark of a reasoning block')])
  expect(warningsOf('Discharged home.', false)).toEqual([])
})

it('megabytes of white space in small pieces cost no time that grows with their square', () => {
  const filter = new ThinkFilter()
  let length = 0
  for (let at = 0; at < 500_000; at++) length += filter.push(' ').length
  expect(length + filter.end().length).toBe(500_000)
})
