import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { removeDuplicates } from '../../../src/results/dedupe.ts'

const word = fc.constantFrom(
  ...'patient was is not no denies left right hip on off with without aspirin warfarin 5 50 0.5 mg mcg E11.9 2024-03-01'.split(
    ' ',
  ),
)
const paragraph = fc.array(word, { minLength: 8, maxLength: 14 })

/** Changes of a paragraph's words: none, formatting alone, or one word put in, taken out or replaced. */
const variant = fc.record({
  at: fc.nat(7),
  kind: fc.constantFrom('same', 'format', 'insert', 'delete', 'replace', 'announce'),
  word,
})

const vary = (words: readonly string[], change: { at: number; kind: string; word: string }): string => {
  const { at, kind } = change
  const copy = [...words]
  if (kind === 'insert') copy.splice(at, 0, change.word)
  if (kind === 'delete') copy.splice(at, 1)
  if (kind === 'replace') copy[at] = change.word
  const text = `${copy.join(' ')}.`
  if (kind === 'announce') return `Course of treatment:\n${text}`
  return kind === 'format' ? `**The** ${copy.slice(0, at + 1).join(' ')}\n${copy.slice(at + 1).join('  ')}.` : text
}

/** Answers that are made of variants of the same few paragraphs, so that there is much to be found and much to be spared. */
const sections = fc.array(paragraph, { minLength: 1, maxLength: 3 }).chain((pool) =>
  fc.array(
    fc.record({
      agent: fc.constantFrom('Clinical', 'Billing', 'MedicalQA'),
      label: fc.constantFrom('ONE', 'TWO'),
      paragraphs: fc.array(
        fc.tuple(fc.constantFrom(...pool), variant).map(([words, change]) => vary(words, change)),
        { maxLength: 5 },
      ),
    }),
    { minLength: 2, maxLength: 5 },
  ),
)

const joined = sections.map((list) =>
  list.map(({ agent, label, paragraphs }) => ({ agent, label, text: paragraphs.join('\n\n') })),
)

/** An oracle of its own: the words in order, without emphasis, the final stop and "the". */
const content = (text: string): string =>
  text
    .replaceAll('**', '')
    .replace(/\.$/, '')
    .split(/\s+/)
    .filter((part) => part !== '' && part.toLowerCase() !== 'the')
    .join(' ')

describe('for any answers', () => {
  test('removing duplicates twice is removing them once', () => {
    fc.assert(
      fc.property(joined, (given) => {
        const once = removeDuplicates(given)
        const again = removeDuplicates(given.map((section, at) => ({ ...section, text: once.texts[at] as string })))
        expect(again).toEqual({ texts: once.texts, removed: 0 })
      }),
    )
  })

  test('whatever is removed stands, word for word and number for number, in an earlier answer of another agent', () => {
    let found = 0
    fc.assert(
      fc.property(joined, (given) => {
        const { texts, removed } = removeDuplicates(given)
        found += removed
        const stayed = texts.map((text) => text.split('\n\n'))
        for (const [at, { agent, text }] of given.entries())
          for (const gone of text.split('\n\n').filter((one) => !stayed[at]?.includes(one))) {
            const earlier = stayed.slice(0, at).filter((_, other) => given[other]?.agent !== agent)
            expect(earlier.flat().map(content)).toContain(content(gone))
          }
      }),
    )
    expect(found, 'the property was never put to the test').toBeGreaterThan(0)
  })

  test('what can be removed is: no paragraph stands in answers of two agents without a difference', () => {
    fc.assert(
      fc.property(joined, (given) => {
        const owner = new Map<string, string>()
        for (const [at, text] of removeDuplicates(given).texts.entries())
          for (const one of text.split('\n\n').filter((part) => part !== '' && !part.startsWith('[Same as'))) {
            const agent = given[at]?.agent as string
            if (content(one).split(' ').length < 8) continue
            expect(owner.get(one) ?? agent).toBe(agent)
            owner.set(one, agent)
          }
      }),
    )
  })

  test('an answer of which nothing was removed stays byte for byte', () => {
    fc.assert(
      fc.property(joined, (given) => {
        const { texts } = removeDuplicates(given)
        for (const [at, { text }] of given.entries()) if (!texts[at]?.includes('[Same as')) expect(texts[at]).toBe(text)
      }),
    )
  })
})
