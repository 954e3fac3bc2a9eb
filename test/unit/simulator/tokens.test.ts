import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countTokens, firstTokens, pieces, tokenIds } from '../../../simulator/tokens.ts'

describe('the simulated tokenizer', () => {
  it.each([
    ['', 0],
    ['The', 1],
    ['The patient', 3],
    ['a b c', 3],
    ['12345678', 2],
    ['    ', 1],
  ])('makes of %j %i tokens', (text, tokens) => {
    expect(countTokens(text)).toBe(tokens)
  })

  it('never makes fewer tokens than a quarter of the characters, nor more than the characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(countTokens(text)).toBeGreaterThanOrEqual(text.length / 4)
        expect(countTokens(text)).toBeLessThanOrEqual(text.length)
      }),
    )
  })

  it('gives as many ids as it counts, and the same ones each time', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(tokenIds(text)).toHaveLength(countTokens(text))
        expect(tokenIds(text)).toEqual(tokenIds(text))
      }),
    )
  })

  it('cuts after so many tokens, to a beginning of the text that ends in a whole character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, max) => {
        const cut = firstTokens(text, max)
        expect(text.startsWith(cut.text)).toBe(true)
        expect(cut.tokens).toBe(Math.min(max, countTokens(text)))
        expect(cut.whole).toBe(cut.text === text)
        expect(cut.text.isWellFormed()).toBe(true)
      }),
    )
  })

  it('cuts into pieces that make the text again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 9 }), (text, size) => {
        expect(pieces(text, size).join('')).toBe(text)
      }),
    )
  })
})
