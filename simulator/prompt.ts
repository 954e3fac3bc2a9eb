/** A delimited block of a user message. */
export interface Block {
  kind: 'context' | 'output'
  /** The context key, or the task that wrote the output. */
  name: string
  agent: string | null
  text: string
}

export interface Heading {
  title: string
  /** What the system message wants under it. */
  wish: string
}

/** A short piece of the data given, word for word, and where it stands. */
export interface Fact {
  text: string
  source: string
}

const BLOCK = /<(context|output) (?:name|task)="([^"]*)"([^>]*)>\n?([\s\S]*?)<\/\1>/g
const AGENT = /agent="([^"]*)"/

/** The blocks of a user message in order. */
export const readBlocks = (user: string): Block[] =>
  [...user.matchAll(BLOCK)].map(([, kind, name, rest, text]) => ({
    kind: kind === 'output' ? 'output' : 'context',
    name: name ?? '',
    agent: AGENT.exec(rest ?? '')?.[1] ?? null,
    text: (text ?? '').trim(),
  }))

/** What stands around the blocks: the instruction. */
export const instructionOf = (user: string): string => user.replace(BLOCK, '').trim()

/** The headed parts that a system message asks for, in order; none when it asks for none. */
export function readHeadings(system: string): Heading[] {
  const headings: Heading[] = []
  let listing = false
  for (const line of system.split('\n')) {
    if (/^headings\b.*:\s*$/i.test(line)) listing = true
    else if (/^rules:\s*$/i.test(line)) break
    else if (listing) {
      const [, title, wish] = /^([^:]{1,80}):\s*(.*)$/.exec(line) ?? []
      if (title !== undefined) headings.push({ title, wish: wish ?? '' })
    }
  }
  return headings
}

/** The length in words that a system message asks for, or null. */
export function readWordLimit(system: string): number | null {
  const words = /\bwithin (\d+) words\b/i.exec(system)?.[1]
  return words === undefined ? null : Number(words)
}

// A full stop after one or two letters, the first a capital, ends an abbreviation ("Dr.", "A."), not a sentence.
const SENTENCE_END = /(?<=[.;])(?<!\b[A-Z][a-z]?\.)\s+(?=[A-Z])|\s*\n+\s*/

/** A text on one line, of at most `max` characters, cut at a word. */
export function shorten(text: string, max: number): string {
  const line = text.replace(/\s+/g, ' ').trim()
  if (line.length <= max) return line
  const end = line.lastIndexOf(' ', max - 1)
  return `${line.slice(0, end > max / 2 ? end : max - 1).toWellFormed()}…`
}

const MAX_CHARS = 64 * 1024
const MAX_FACTS = 200
const MAX_FACT_CHARS = 110

export const BULLET = /^[-*•]\s+/

/** The members of a list item or of a short list on one line: a dose without its drug is no fact. */
const joinMembers = (text: string): string => text.replace(/\n {2}(?:- )?(?! )/g, '; ').replaceAll(':; ', ': ')

/** The sentences and lines of a text as facts, at most 200. */
export function readFacts(text: string, source: string): Fact[] {
  return joinMembers(text.slice(0, MAX_CHARS))
    .split(SENTENCE_END, MAX_FACTS)
    .map((piece) => shorten(piece.replace(BULLET, ''), MAX_FACT_CHARS))
    .filter((piece) => /[\p{L}\p{N}]/u.test(piece))
    .map((piece) => ({ text: piece, source }))
}
