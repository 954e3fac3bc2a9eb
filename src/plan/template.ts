/** A prompt, cut into literal text and the places where values go. Made once, rendered per run in one pass. */
export type Segment =
  | { kind: 'text'; text: string }
  | { kind: 'context'; key: string }
  | { kind: 'output'; task_id: string }

export type Template = readonly Segment[]

// Only these two forms are placeholders; every other brace in a prompt is text.
const PLACEHOLDER = /\{\{\s*(?:context\.([^{}\s]+)|tasks\.([^{}\s]+)\.output)\s*\}\}/g

/** Cuts a prompt at its placeholders. What values hold is never looked at again: no template can come in with data. */
export function parseTemplate(prompt: string): Template {
  const segments: Segment[] = []
  let from = 0
  for (const match of prompt.matchAll(PLACEHOLDER)) {
    if (match.index > from) segments.push({ kind: 'text', text: prompt.slice(from, match.index) })
    if (match[1] !== undefined) segments.push({ kind: 'context', key: match[1] })
    else segments.push({ kind: 'output', task_id: match[2] ?? '' })
    from = match.index + match[0].length
  }
  if (from < prompt.length || segments.length === 0) segments.push({ kind: 'text', text: prompt.slice(from) })
  return segments
}

// Also with spaces around the slash, which a model reads as the end of the block all the same.
const FENCE = /<(?=(?:\s*\/\s*)?(?:context|output|evidence)\b)/gi

/**
 * Text between delimiters that it cannot close: a `<context` or `</output` inside it loses its meaning by a backslash.
 * Everything else stays byte for byte.
 */
function delimit(open: string, close: string, text: string): string {
  const inert = text.includes('<') ? text.replace(FENCE, () => '<\\') : text
  return inert.includes('\n') ? `<${open}>\n${inert}\n</${close}>` : `<${open}>${inert}</${close}>`
}

const PLAIN = /^[\w .:-]*$/

const attribute = (text: string): string =>
  PLAIN.test(text) ? text : text.replaceAll('"', "'").replaceAll(/[<>\r\n]/g, () => ' ')

/** One context value as it stands in a user message. */
export const contextBlock = (key: string, text: string): string =>
  delimit(`context name="${attribute(key)}"`, 'context', text)

export interface HandedOutput {
  agent_type: string
  text: string
  truncated: boolean
}

/** The output of a dependency as it stands in a dependant's user message: labelled, and honest about being cut. */
export function outputBlock(task_id: string, output: HandedOutput): string {
  const note = output.truncated
    ? '\nNote: this text was cut by a token limit and is incomplete. Do not treat it as whole.'
    : ''
  const open = `output task="${task_id}" agent="${attribute(output.agent_type)}"${output.truncated ? ' incomplete="true"' : ''}`
  return delimit(open, 'output', output.text) + note
}
