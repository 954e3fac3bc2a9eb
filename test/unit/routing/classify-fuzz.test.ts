import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TASK_TYPES } from '../../../src/contract/task-type.ts'
import { type Classification, classify } from '../../../src/routing/classify/classify.ts'
import { HEAD_CHARS, TAIL_CHARS } from '../../../src/routing/classify/tokenise.ts'

function expectSound({ type, confidence, distribution, complexity }: Classification): void {
  const probabilities = TASK_TYPES.map((each) => distribution[each])
  expect(Object.keys(distribution)).toEqual([...TASK_TYPES])
  expect(probabilities.every((p) => p >= 0 && p <= 1)).toBe(true)
  expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 9)
  expect(confidence).toBe(Math.max(...probabilities))
  expect(distribution[type]).toBe(confidence)
  expect(complexity).toBeGreaterThanOrEqual(0)
  expect(complexity).toBeLessThanOrEqual(1)
}

/** Any UTF-16, lone surrogates among it. */
const anyUnits = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units))
const pieces = fc.constantFrom(
  ...[
    'write ',
    'a poem',
    '\n',
    '"',
    '“',
    '«',
    '¿',
    '?',
    '| 1 | 2 |\n',
    '{};',
    '```',
    'é',
    '\ud83d',
    '\udc00',
    '0',
    '_',
  ],
)

describe('classify, given anything', () => {
  test('any UTF-16 at all', () => {
    fc.assert(fc.property(anyUnits, (text) => expectSound(classify(text))))
  })
  test('any text of all of Unicode', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => expectSound(classify(text))))
  })
  test('quotes, tables, code and halves of characters in any order and number', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 4000 }), (parts) => expectSound(classify(parts.join('')))),
      { numRuns: 50 },
    )
  })
  test('the same text gets the same answer', () => {
    fc.assert(
      fc.property(anyUnits, anyUnits, (text, other) => {
        const first = classify(text)
        classify(other)
        expect(classify(text)).toEqual(first)
      }),
    )
  })
  test.each([
    ['one letter', 'a'],
    ['words', 'word '],
    ['nothing but quotation marks', '"'],
    ['lines', '\n'],
    ['halves of characters', '\ud800'],
    ['a script without spaces', '患'],
    ['code', 'f(x);'],
  ])('a million characters: %s', (_, piece) => {
    expectSound(classify(piece.repeat(Math.ceil(1e6 / piece.length))))
  })
  test('what lies between the head and the tail is not looked at, only its length counts', () => {
    const head = 'Write a poem about autumn. '.padEnd(HEAD_CHARS, 'la ')
    const tail = 'Make it rhyme, please.'.padStart(TAIL_CHARS, 'la ')
    const middle = 5000
    const one = classify(head + 'select * from patients; '.repeat(middle).slice(0, middle) + tail)
    const other = classify(head + 'x '.repeat(middle).slice(0, middle) + tail)
    expect(one).toEqual(other)
  })
})
