import { printable } from './printable.ts'
import type { Paint } from './terminal.ts'
import { wrap } from './wrap.ts'

// Wider lines of prose are hard to read.
const WIDEST = 100

const paintLine = (line: string, paint: Paint): string => {
  if (/^=== .* ===$/.test(line)) return paint(['bold', 'cyan'], line)
  if (/^--- .* ---$/.test(line)) return paint('bold', line)
  if (
    /^\[(?:SIMULATED|NOT AVAILABLE|INCOMPLETE|FALLBACK|CHARACTERS REPLACED|Same as|REJECTED|NOT APPROVED)\b/.test(line)
  )
    return paint('yellow', line)
  return line
}

/**
 * The document as it stands, for a reader at a terminal: headings and the service's notices set off, long lines broken
 * between words. `columns` null (piped): every line stays one line. No word is changed, but control characters are.
 */
export function documentView(text: string, paint: Paint, columns: number | null): string {
  return printable(text)
    .split('\n')
    .flatMap((line) => {
      const painted = (part: string) => paintLine(part, paint)
      if (columns === null) return [painted(line)]
      const parts = wrap(line, Math.min(columns, WIDEST))
      return parts.length === 1 ? [painted(line)] : parts
    })
    .join('\n')
}
