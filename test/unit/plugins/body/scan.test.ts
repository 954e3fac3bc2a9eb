import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findFlaw } from '../../../../src/plugins/body/scan.ts'

/** Depth as a parser sees it. */
const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0

describe('findFlaw', () => {
  it('finds a body too deep exactly when a parser would', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8, stringUnit: 'binary' }), fc.integer({ min: 0, max: 8 }), (json, most) => {
        expect(findFlaw(json, most)).toBe(depthOf(JSON.parse(json)) > most ? 'too_deep' : null)
      }),
    )
  })

  it('takes brackets, quotes, backslashes and numbers in text for text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('[', '{', '"', '\\', '1e999', '9', ']') }), (text) => {
        expect(findFlaw(JSON.stringify({ [text]: text }), 1)).toBeNull()
      }),
    )
  })

  it('passes every number that JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(findFlaw(JSON.stringify([number]))).toBeNull()
      }),
    )
  })

  it('refuses every whole number that a double does not hold', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }), (number) => {
        const changed = String(Number(number)) !== String(number)
        expect(findFlaw(`{"mrn":${number}}`)).toBe(changed ? 'number_too_large' : null)
      }),
    )
  })

  it.each(['1e309', '-1e309', '1E+400', `1${'0'.repeat(309)}`, `1${'0'.repeat(309)}.5`])('refuses %s', (number) => {
    expect(findFlaw(`[${number}]`)).toBe('number_too_large')
  })

  it('leaves text that is no JSON to the parser', () => {
    fc.assert(fc.property(fc.string(), (text) => void expect(() => findFlaw(text)).not.toThrow()))
    expect(findFlaw('{"a')).toBeNull()
    expect(findFlaw('[1e]')).toBeNull()
  })

  it('needs no stack however deep the text is', () => {
    expect(findFlaw('['.repeat(500_000))).toBe('too_deep')
  })
})
