import { announces, type Range } from './paragraphs.ts'
import { wordingOf } from './wording.ts'

const LIST_ITEM = /^(?:[-*•‣◦+]\s|\d+[.)]\s)/
const STOP = /[.;!?,]$/
const EMPHASISED = /^(?:\*\*|__).*(?:\*\*|__)$/
const CAPITALS = /^[^\p{Ll}]*\p{Lu}{3}[^\p{Ll}]*$/u

/** Words under which the same sentence means something else: whose it is, when, or whether at all. */
const TURNS_MEANING =
  /famil|mother|father|sibling|matern|patern|histor|past|prior|previous|former|admission|admitting|home|presenting|allerg|intoleran|adverse|discontinu|stop|held|hold|avoid|contraindic|differential|exclu|ruled|negative|denie|alternative|reject|risk|possib|potential|suspect|left|right|if\b|not?\b|without|plan|future/

/** Longer lines are prose; it also bounds what the patterns above cost. */
const MAX_HEADING = 200

const fewWords = (line: string): boolean => line.split(/\s+/, 9).length < 8

const lastLine = (text: string, { start, end }: Range): string =>
  text.slice(Math.max(start, text.lastIndexOf('\n', end - 1) + 1), end).trim()

/** Whether a paragraph's last line announces what comes after it. */
export function endsWithHeading(text: string, range: Range): boolean {
  const line = lastLine(text, range)
  if (announces(line, 0, line.length)) return true
  if (line.length > MAX_HEADING || !fewWords(line) || STOP.test(line)) return false
  if (EMPHASISED.test(line) || CAPITALS.test(line)) return true
  return text.lastIndexOf('\n', range.end - 1) < range.start && !LIST_ITEM.test(line)
}

/** Per paragraph, the last one above it that ends with a heading; -1 for none. O(length). */
export function headingsOver(text: string, paragraphs: readonly Range[]): Int32Array {
  const above = new Int32Array(paragraphs.length).fill(-1)
  for (let at = 1; at < paragraphs.length; at++)
    above[at] = endsWithHeading(text, paragraphs[at - 1] as Range) ? at - 1 : (above[at - 1] as number)
  return above
}

/** The wording of the heading that ends a paragraph; empty for none. Case does not count here. */
export const headingWords = (text: string, range: Range | undefined): string =>
  range ? wordingOf(lastLine(text, range)).key.toLowerCase() : ''

/** Whether equal paragraphs under these headings may be read as one: the headings are equal, or neither turns meaning. */
export const headingsAgree = (one: string, other: string): boolean =>
  one === other || !(TURNS_MEANING.test(one) || TURNS_MEANING.test(other))
