import { type Answer, Kept, MIN_WORDS } from './kept.ts'
import { NOTICE, sameAs } from './notices.ts'
import { paragraphsOf, type Range } from './paragraphs.ts'
import { endsWithHeading } from './subheading.ts'

/** One agent's answer as it stands in the document. */
export interface Section {
  agent: string
  /** The heading that it stands under. */
  label: string
  text: string
}

export interface Deduplicated {
  /** The texts in the order given. */
  texts: readonly string[]
  removed: number
}

/** Eight words with their spaces cannot be shorter. */
const MIN_CHARACTERS = 2 * MIN_WORDS - 1

function worthComparing(sections: readonly Section[]): boolean {
  const long = sections.filter(({ text }) => text.length >= MIN_CHARACTERS)
  return long.some(({ agent }) => agent !== long[0]?.agent)
}

const isComparable = (text: string, range: Range): boolean =>
  range.end - range.start >= MIN_CHARACTERS &&
  !text.startsWith(NOTICE.same, range.start) &&
  !endsWithHeading(text, range)

/**
 * Takes paragraphs out of an answer that an earlier answer of ANOTHER agent already holds, and leaves in the place of
 * each (or of several in a row) a line that says where it stands: nothing disappears unseen.
 *
 * The threshold of similarity is 1: two paragraphs are duplicates when the same words, numbers, signs and symbols stand
 * in the same order in the same sentences; only formatting, capitals, added commas and fillers may differ (see
 * `wordingOf`). Anything looser, a 95 % overlap say, would take out the paragraph whose one differing word is a dose, a
 * side, a "not" or a drug, in any language. Paragraphs of fewer than 8 words, and those that end in a heading for what
 * follows, always stay; so do equal ones under own headings of which one turns the meaning ("Family history").
 * O(length of all texts).
 */
export function removeDuplicates(sections: readonly Section[]): Deduplicated {
  if (!worthComparing(sections)) return { texts: sections.map(({ text }) => text), removed: 0 }
  const kept = new Kept()
  let removed = 0
  const texts = sections.map(({ agent, label, text }) => {
    const answer: Answer = { agent, label, text, paragraphs: paragraphsOf(text), headings: null }
    let written = ''
    let from = 0
    let pointer = ''
    for (const [at, range] of answer.paragraphs.entries()) {
      const original = isComparable(text, range) ? kept.originalOf({ answer, at, wording: null }) : null
      if (!original) {
        pointer = ''
        continue
      }
      removed++
      const next = sameAs(original.answer.label, label)
      if (next !== pointer) written += text.slice(from, range.start) + next
      pointer = next
      from = range.end
    }
    return written + text.slice(from)
  })
  return { texts, removed }
}
