/** Where a paragraph stands in its text: from its first line's first character to its last line's end. */
export interface Range {
  start: number
  end: number
}

function isBlank(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code > 0x20 && code !== 0xa0) return false
  }
  return true
}

/** The paragraphs of a text: runs of lines that are not blank. O(length). */
export function paragraphsOf(text: string): Range[] {
  const paragraphs: Range[] = []
  let open: Range | null = null
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at)
    const end = newline === -1 ? text.length : newline
    if (isBlank(text, at, end)) open = null
    else if (open) open.end = end
    else {
      open = { start: at, end }
      paragraphs.push(open)
    }
    at = end + 1
  }
  return paragraphs
}
