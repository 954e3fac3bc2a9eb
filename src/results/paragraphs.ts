import { NOTICE } from './notices.ts'

/** Where a paragraph stands in its text: from its first line's first character to its last line's end. */
export interface Range {
  start: number
  end: number
}

const isSpace = (code: number): boolean => code <= 0x20 || code === 0xa0
const isEmphasis = (code: number): boolean => code === 0x2a || code === 0x5f

const HASH = 0x23
const COLON = 0x3a
const DASH = 0x2d
const STAR = 0x2a
const BULLET = 0x2022

/** Whether a line says that something follows it: `# …`, or words with a colon at the end that are no list item. */
export function announces(text: string, start: number, end: number): boolean {
  let first = start
  while (first < end && isSpace(text.charCodeAt(first))) first++
  const code = text.charCodeAt(first)
  if (code === HASH) return true
  if ((code === DASH || code === STAR || code === BULLET) && isSpace(text.charCodeAt(first + 1))) return false
  let last = end - 1
  while (last > first && (isSpace(text.charCodeAt(last)) || isEmphasis(text.charCodeAt(last)))) last--
  return text.charCodeAt(last) === COLON
}

function isBlank(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (!isSpace(text.charCodeAt(at))) return false
  return true
}

/**
 * The paragraphs of a text: runs of lines that are not blank, each begun anew by a line that announces what follows it.
 * A line that stands for a duplicate is a paragraph of its own. O(length).
 */
export function paragraphsOf(text: string): Range[] {
  const paragraphs: Range[] = []
  let open: Range | null = null
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at)
    const end = newline === -1 ? text.length : newline
    const alone = text.startsWith(NOTICE.same, at)
    if (isBlank(text, at, end)) open = null
    else if (open && !alone && !announces(text, at, end)) open.end = end
    else {
      const begun: Range = { start: at, end }
      paragraphs.push(begun)
      open = alone ? null : begun
    }
    at = end + 1
  }
  return paragraphs
}
