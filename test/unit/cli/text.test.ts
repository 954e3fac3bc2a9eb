import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { documentView } from '../../../src/cli/document-view.ts'
import { count, ms, plural, ratio } from '../../../src/cli/numbers.ts'
import { printable } from '../../../src/cli/printable.ts'
import { problemLines } from '../../../src/cli/problem.ts'
import { labelled, wrap } from '../../../src/cli/wrap.ts'

const marked = (style: unknown, text: string) => `<${String(style)}>${text}</>`

describe('text for a terminal', () => {
  test('keeps every letter, sign and line break', () => {
    const text = 'SpO₂ ≥ 92 %,\tµg/L\n– pH 7,35 • שלום 🫀'
    expect(printable(text)).toBe(text)
    expect(printable('one\r\ntwo')).toBe('one\ntwo')
  })

  test('holds no control character and no reordering mark', () => {
    const unsafe = fc.constantFrom('\u001b', '\r', '\u0007', '\u009b', '\u202e', '\u2066', '\u007f', '\0')
    fc.assert(
      fc.property(fc.string(), unsafe, fc.string(), (before, sign, after) => {
        expect(printable(`${before}x${sign}x${after}`)).not.toContain(sign)
      }),
    )
  })
})

describe('a long line', () => {
  test('breaks between words and keeps the indent of its bullet', () => {
    expect(wrap('- furosemide 40 mg orally twice daily', 20)).toEqual(['- furosemide 40 mg', '  orally twice daily'])
    expect(wrap('  2. one two three', 12)).toEqual(['  2. one two', '     three'])
  })

  test('never cuts a word, however narrow the screen', () => {
    expect(wrap('code I50.23-very-long-code', 8)).toEqual(['code', 'I50.23-very-long-code'])
  })

  test('loses no word and fits wherever its words do', () => {
    const word = fc.stringMatching(/^[a-z]{1,9}$/)
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 12, max: 60 }),
        (words, columns) => {
          const lines = wrap(words.join(' '), columns)
          expect(lines.join(' ').split(' ')).toEqual(words)
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns)
        },
      ),
    )
  })

  test('stays beside its label', () => {
    expect(labelled('needs', 8, 'patient_data, admission_date', 30)).toEqual([
      'needs   patient_data,',
      '        admission_date',
    ])
    expect(labelled('needs', 8, 'patient_data, admission_date', null)).toEqual(['needs   patient_data, admission_date'])
  })
})

describe('the document at a terminal', () => {
  const text = '=== LAB REPORT ===\n[SIMULATED: x]\n--- Part ---\nferritin 6 ng/mL (30-400), iron 22 ug/dL'

  test('sets off titles, subsections and notices', () => {
    expect(documentView(text, marked, null).split('\n')).toEqual([
      '<bold,cyan>=== LAB REPORT ===</>',
      '<yellow>[SIMULATED: x]</>',
      '<bold>--- Part ---</>',
      'ferritin 6 ng/mL (30-400), iron 22 ug/dL',
    ])
  })

  test('breaks long lines on a screen only', () => {
    expect(documentView(text, (_style, part) => part, 30)).toContain('ferritin 6 ng/mL (30-400),\niron 22 ug/dL')
    expect(documentView(text, (_style, part) => part, null)).toBe(text)
  })
})

describe('numbers', () => {
  test('are written as a reader expects them', () => {
    expect([ms(1104.4), ms(4.23), ms(0), ms(9.96)]).toEqual(['1,104 ms', '4.2 ms', '0 ms', '10 ms'])
    expect([count(12_345), ratio(1.678), plural(1, 'task'), plural(0, 'task')]).toEqual([
      '12,345',
      '1.68',
      '1 task',
      '0 tasks',
    ])
  })
})

describe('a problem', () => {
  test('reads as sentences, field by field', () => {
    const errors = [{ field: 'context.discharge_date', message: 'is required' }]
    const problem = {
      title: 'Required context is missing',
      status: 400,
      code: 'missing_context',
      detail: 'Add it',
      instance: 'r-1',
      errors,
    }
    expect(problemLines(problem)).toEqual([
      'Required context is missing. (400 missing_context)',
      'Add it.',
      '  - context.discharge_date: is required',
      'Request id: r-1',
    ])
    expect(problemLines(problem, 7)).toContain('Try again in 7 s.')
    expect(problemLines({ ...problem, retry_after_s: 5 })).toContain('Try again in 5 s.')
  })
})
