import { NOTICE } from './notices.ts'

const LINE = /[^\n\r\v\f\u0085\u2028\u2029]+/g
const INVISIBLE = /[\u200b-\u200f\u2060\ufeff]/g
const STARTS = Object.values(NOTICE).map((start) => start.toLowerCase())

const isFramed = (line: string, frame: string): boolean =>
  line.startsWith(frame) && line.endsWith(frame) && /[\p{L}\p{N}]/u.test(line)

function forges(line: string): boolean {
  if (!line.includes('===') && !line.includes('---') && !line.includes('[')) return false
  const bare = line.replace(INVISIBLE, '').trim()
  if (isFramed(bare, '===') || (isFramed(bare, '---') && !bare.includes('|'))) return true
  const lower = bare.slice(0, 32).toLowerCase()
  return STARTS.some((start) => lower.startsWith(start))
}

/**
 * A model's text in which no line can pass for a heading or a notice of the document: such a line gets `> ` before it.
 * All else stays as it is, byte for byte.
 */
export const neutralise = (text: string): string =>
  text.includes('===') || text.includes('---') || text.includes('[')
    ? text.replace(LINE, (line) => (forges(line) ? `> ${line}` : line))
    : text

/** The text without blank lines at its ends. Indentation of its first line stays. */
export function trimBlankLines(text: string): string {
  const end = text.trimEnd().length
  if (end === 0) return ''
  const first = text.length - text.trimStart().length
  const newline = text.indexOf('\n', end)
  return text.slice(text.lastIndexOf('\n', first) + 1, newline === -1 ? text.length : newline)
}
