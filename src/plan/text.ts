/** Containers nested deeper than this are written as JSON on one line; the gate refuses bodies that are deeper anyway. */
const MAX_INDENT = 64

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null

const scalar = (value: unknown): string => (typeof value === 'string' ? value : String(value))

const indentLines = (text: string, pad: string): string =>
  text.includes('\n') ? text.replaceAll('\n', () => `\n${pad}`) : text

const isEmpty = (value: object): boolean => Object.keys(value).length === 0

const emptyMark = (value: object): string => (Array.isArray(value) ? '(none)' : '(empty)')

const write = (value: object, depth: number, lines: string[]): void => {
  if (depth > MAX_INDENT) {
    lines.push(`${'  '.repeat(depth)}${JSON.stringify(value)}`)
    return
  }
  const pad = '  '.repeat(depth)
  const list = Array.isArray(value)
  for (const [key, item] of Object.entries(value)) {
    const head = list ? `${pad}-` : `${pad}${key}:`
    if (!isContainer(item)) lines.push(`${head} ${indentLines(scalar(item), `${pad}  `)}`)
    else if (isEmpty(item)) lines.push(`${head} ${emptyMark(item)}`)
    else {
      const start = lines.length
      write(item, depth + 1, lines)
      if (list) lines[start] = `${head}${(lines[start] ?? '').slice(pad.length + 1)}`
      else lines.splice(start, 0, head)
    }
  }
}

/**
 * A context value as a person would read it: text unchanged, JSON as indented `key: value` lines, lists with `-`.
 * Nothing is quoted or escaped, so that a model reads the words and not their encoding.
 */
export function asText(value: unknown): string {
  if (!isContainer(value)) return scalar(value)
  if (isEmpty(value)) return emptyMark(value)
  const lines: string[] = []
  write(value, 0, lines)
  return lines.join('\n')
}
