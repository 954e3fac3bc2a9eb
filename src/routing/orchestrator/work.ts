/** A text that a model has written on the way to the answer. */
export interface Note {
  tool: string
  /** Alias of its writer. */
  by: string
  text: string
}

/** What is known of a task so far. A prompt is made anew from it on every turn. */
export interface Work {
  problem: string
  documents: readonly string[]
  notes: readonly Note[]
}

/** Of each document the orchestrator model sees so much, as it did in its training. */
const DOCUMENT_CHARS = 1200

const shorten = (text: string): string =>
  text.length <= DOCUMENT_CHARS ? text : `${text.slice(0, DOCUMENT_CHARS)} ...`

const documentsOf = (documents: readonly string[]): string =>
  documents.length === 0 ? '' : `Documents:\n${documents.map((text, at) => `Doc ${at + 1}: ${text}`).join('\n\n')}`

const notesOf = (notes: readonly Note[]): string =>
  notes.length === 0
    ? ''
    : `Intermediate results:\n${notes.map(({ tool, by, text }, at) => `Result ${at + 1} of ${tool} by ${by}: ${text}`).join('\n\n')}`

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== '').join('\n\n')

/** The end of a text, from a line's beginning where there is one near: what came last counts most. */
function endOf(text: string, most: number): string {
  if (text.length <= most) return text
  const end = text.slice(text.length - most)
  const line = end.indexOf('\n')
  return line >= 0 && line < 200 ? end.slice(line + 1) : end
}

/** All that is known, for a model that works on the task. Nothing is left out: what does not fit a model is refused by name. */
export const fullContext = ({ documents, notes }: Work): string => joined([documentsOf(documents), notesOf(notes)])

/** What the orchestrator model sees of it, in `most` characters: notes go before documents, later before earlier. */
export function shortContext({ documents, notes }: Work, most: number): string {
  const noted = endOf(notesOf(notes), most)
  const room = most - noted.length
  const read = room <= 0 ? '' : endOf(documentsOf(documents.map(shorten)), room)
  return joined([read, noted])
}

/**
 * The two messages that the model was trained on. A new pair every turn: it has no memory of its own turns. `examples` go beyond
 * that form; empty: there are none.
 */
export const turnMessages = (work: Work, most: number, examples = '') => [
  { role: 'system' as const, content: 'You are good at using tools.' },
  {
    role: 'user' as const,
    content: `Problem: ${work.problem}\n\n${shortContext(work, most)}\n\n${examples === '' ? '' : `${examples}\n\n`}Choose an appropriate tool.`,
  },
]
