import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cutPassages } from '../../../src/memory/passages.ts'

const words = (count: number, word = 'word'): string => Array.from({ length: count }, () => word).join(' ')
const sentence = (count: number, name: string): string => `${name} ${words(count - 2)} end.`
const countOf = (text: string): number => text.match(/\S+/g)?.length ?? 0
const textsOf = (text: string): string[] => cutPassages(text).map((passage) => passage.text)

describe('cutting a text into passages', () => {
  test('leaves a short text whole, without the space around it', () => {
    expect(cutPassages('  Chest pain.\nTroponin negative. \n')).toEqual([
      { text: 'Chest pain.\nTroponin negative.', position: 1 },
    ])
  })

  test.each(['', ' \n\t\n '])('gives none of blank text', (text) => {
    expect(cutPassages(text)).toEqual([])
  })

  test('ends a passage at the border of a paragraph once it is large enough', () => {
    const paragraphs = ['A', 'B', 'C', 'D'].map((name) => [sentence(60, name), sentence(60, `${name}2`)].join(' '))
    const passages = textsOf(paragraphs.join('\n\n'))
    expect(passages).toHaveLength(2)
    expect(passages[0]).toBe(`${paragraphs[0]}\n\n${paragraphs[1]}`)
    expect(passages[1]?.endsWith(paragraphs[3] as string)).toBe(true)
  })

  test('begins each passage with the last sentence of the one before', () => {
    const sentences = Array.from({ length: 12 }, (_, index) => sentence(50, `S${index}`))
    const passages = textsOf(sentences.join(' '))
    expect(passages.length).toBeGreaterThan(2)
    for (const [index, passage] of passages.slice(1).entries()) {
      const last = /S\d+ [^.]*\.$/.exec(passages[index] as string)?.[0] as string
      expect(passage.startsWith(last)).toBe(true)
    }
  })

  test('does not repeat a sentence that is nearly a passage itself', () => {
    const passages = textsOf([sentence(150, 'Long'), sentence(140, 'Longer'), sentence(150, 'Third')].join(' '))
    expect(passages[1]?.startsWith('Third')).toBe(true)
  })

  test('cuts a sentence without an end between words', () => {
    const passages = textsOf(words(1000, 'ward'))
    expect(passages.length).toBeGreaterThan(3)
    for (const passage of passages) expect(passage).toMatch(/^ward( ward)*$/)
    expect(passages.reduce((sum, passage) => sum + countOf(passage), 0)).toBe(1000)
  })

  test('cuts a word without an end, and no character in half', () => {
    const passages = textsOf(`x${'😀'.repeat(4000)}`)
    for (const passage of passages) expect(passage.isWellFormed()).toBe(true)
    expect(passages.join('')).toBe(`x${'😀'.repeat(4000)}`)
  })

  test('counts them from 1 in the order of the text', () => {
    const passages = cutPassages(Array.from({ length: 20 }, (_, index) => sentence(90, `S${index}`)).join('\n\n'))
    expect(passages.map(({ position }) => position)).toEqual(passages.map((_, index) => index + 1))
  })

  test('loses nothing and lets no passage grow too large, whatever the text', () => {
    const piece = fc.oneof(
      fc.lorem({ maxCount: 80 }),
      fc.constantFrom('\n', '\n\n', ' \n \n', '. ', '! ', '1.5 mg', 'Dr. Ruiz ', '…', '\t|\t'),
      fc.string({ unit: 'binary', maxLength: 60 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const text = pieces.join('')
        const passages = textsOf(text)
        const left = new Set(passages.flatMap((passage) => passage.match(/\S+/g) ?? []))
        // A word may be cut only where it is larger than a passage; here none is.
        for (const word of text.match(/\S+/g) ?? []) expect(left).toContain(word)
        for (const passage of passages) {
          expect(text).toContain(passage)
          expect(countOf(passage)).toBeLessThanOrEqual(300)
          expect(countOf(passage)).toBeGreaterThan(0)
        }
      }),
      { numRuns: 300 },
    )
  })
})
