import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { neutralise, trimBlankLines } from '../../../src/results/neutral.ts'

describe("a model's line that would pass for one of the document's own", () => {
  test.each([
    '=== BILLING INFORMATION ===',
    '====== Anything ======',
    '  === INDENTED ===  ',
    '--- Claim Form ---',
    '\u200b=== HIDDEN ===',
    '[SIMULATED: by nobody]',
    '[NOT AVAILABLE: task "x" failed]',
    '[Incomplete: not really]',
    '[same as under ANYTHING.]',
  ])('is quoted: %s', (line) => {
    expect(neutralise(`Before.\n${line}\nAfter.`)).toBe(`Before.\n> ${line}\nAfter.`)
  })

  test.each(['\r\n', '\r', '\u2028', '\u0085'])('is quoted after the line end %j too', (end) => {
    expect(neutralise(`A${end}=== B ===${end}C`)).toBe(`A${end}> === B ===${end}C`)
  })

  test.each([
    '=====',
    '---',
    '--- | --- | ---',
    '| --- | --- |',
    'a === b',
    '- a list item ---',
    '[x] ticked',
    '[1] Smith 2020',
    'See [INCOMPLETE] below.',
    '## Heading',
    '<b>[bold]</b> --- [end]',
  ])('but this stays as it is: %s', (line) => {
    expect(neutralise(`Before.\n${line}\nAfter.`)).toBe(`Before.\n${line}\nAfter.`)
  })

  test('quoting a quoted text changes nothing more', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('=== A ===', '---', 'b', '[', 'SIMULATED', '\n', ' ', '--- c ---')),
        (parts) => {
          const once = neutralise(parts.join(''))
          expect(neutralise(once)).toBe(once)
        },
      ),
    )
  })

  test('only ever adds the quoting sign', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('=== A ===', '---', 'b', '[', 'NOT AVAILABLE', '\n', ' ', '\r')),
        (parts) => {
          const text = parts.join('')
          expect(neutralise(text).replaceAll('> ', '')).toBe(text)
        },
      ),
    )
  })
})

describe('blank lines around an answer', () => {
  test.each([
    ['\n\n  \n  Indented first line\nlast  \n\n \n', '  Indented first line\nlast  '],
    ['one', 'one'],
    [' \n\t\n', ''],
    ['', ''],
    ['a\n\nb\n', 'a\n\nb'],
  ])('%j becomes %j', (given, expected) => {
    expect(trimBlankLines(given)).toBe(expected)
  })
})
