import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PromptText } from '../../../src/plan/prompt-text.ts'

describe('a prompt in pieces', () => {
  it('reads as its pieces put together, as text and as JSON, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (pieces) => {
        const prompt = new PromptText()
        for (const piece of pieces) prompt.add(piece)
        const whole = pieces.join('')
        expect(String(prompt)).toBe(whole)
        expect(prompt.length).toBe(whole.length)
        expect(JSON.parse(prompt.json)).toBe(whole)
      }),
    )
  })

  it('may be cut inside a surrogate pair', () => {
    const prompt = new PromptText()
    for (const half of ['\ud83e', '\ude7a']) prompt.add(half)
    expect(JSON.parse(prompt.json)).toBe('🩺')
  })
})
