/**
 * Breaks a line between words so that it fits `columns`. What it begins with (spaces, a bullet, a number) sets how far
 * the following lines are indented. A word longer than the room stays whole: a code must never be cut in two.
 */
export function wrap(line: string, columns: number): string[] {
  if (line.length <= columns) return [line]
  const lead = /^\s*(?:[-*•]\s+|\d{1,3}[.)]\s+)?/.exec(line)?.[0] ?? ''
  const indent = ' '.repeat(lead.length)
  const lines: string[] = []
  let current = lead
  for (const word of line.slice(lead.length).split(' ')) {
    const begun = current !== (lines.length === 0 ? lead : indent)
    if (begun && current.length + 1 + word.length > columns) {
      lines.push(current)
      current = indent + word
    } else current += begun ? ` ${word}` : word
  }
  lines.push(current)
  return lines
}

/** `label` in its own column of `width`, and beside it the text, broken so that both fit `columns` (null: not broken). */
export function labelled(label: string, width: number, text: string, columns: number | null): string[] {
  const [first = '', ...rest] = columns === null ? [text] : wrap(text, Math.max(20, columns - width))
  return [`${label.padEnd(width)}${first}`, ...rest.map((line) => `${' '.repeat(width)}${line}`)]
}
