import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asText } from '../../../src/plan/text.ts'

describe('a context value as text', () => {
  it('is text unchanged, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(asText(text)).toBe(text)
      }),
    )
  })

  it.each([
    [42, '42'],
    [0.1, '0.1'],
    [false, 'false'],
    [null, 'null'],
    [[], '(none)'],
    [{}, '(empty)'],
  ])('is %j written as "%s"', (value, text) => {
    expect(asText(value)).toBe(text)
  })

  it('is an object as one line per key', () => {
    expect(asText({ name: 'Ann', age: 81, allergies: [], contact: {}, note: null })).toBe(
      'name: Ann\nage: 81\nallergies: (none)\ncontact: (empty)\nnote: null',
    )
  })

  it('is nested JSON by indentation, lists with a dash', () => {
    const value = {
      labs: [
        { test: 'Na', value: 131, flags: ['low', 'repeat'] },
        { test: 'K', value: 4 },
      ],
      ward: { bed: { number: 7 } },
      pairs: [[1, 2], [3], []],
    }
    expect(asText(value)).toBe(
      [
        'labs:',
        '  - test: Na',
        '    value: 131',
        '    flags:',
        '      - low',
        '      - repeat',
        '  - test: K',
        '    value: 4',
        'ward:',
        '  bed:',
        '    number: 7',
        'pairs:',
        '  - - 1',
        '    - 2',
        '  - - 3',
        '  - (none)',
      ].join('\n'),
    )
  })

  it('keeps the lines of a long text under their key', () => {
    expect(asText({ note: 'Day 1\nDay 2\nDay 3', plan: ['a\nb'] })).toBe(
      'note: Day 1\n  Day 2\n  Day 3\nplan:\n  - a\n    b',
    )
  })

  it('quotes and escapes nothing', () => {
    expect(asText({ dose: '5 "mg" \\ $& {{x}} 60%' })).toBe('dose: 5 "mg" \\ $& {{x}} 60%')
  })

  it('takes inherited names as plain keys', () => {
    expect(asText(JSON.parse('{"__proto__": "a", "constructor": {"b": 1}}'))).toBe('__proto__: a\nconstructor:\n  b: 1')
  })

  it('loses no scalar of any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = asText(value)
        const leaves: string[] = []
        JSON.stringify(value, (_, item: unknown) => {
          if (typeof item !== 'object' || item === null) leaves.push(...String(item).split('\n'))
          return item
        })
        for (const leaf of leaves) expect(text).toContain(leaf)
      }),
    )
  })

  it('survives values nested far deeper than it indents', () => {
    let value: unknown = 'core'
    for (let depth = 0; depth < 500; depth++) value = depth % 2 === 0 ? [value] : { in: value }
    expect(asText(value)).toContain('"core"')
  })
})
