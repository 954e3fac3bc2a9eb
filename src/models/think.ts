import { replacedIn } from './clean-text.ts'

const OPEN = '<think>'
const CLOSE = '</think>'
/** White space that may stand before the block; more of it is text. */
const MOST_INDENT = 64

/**
 * Leaves a leading `<think>…</think>` out of an answer that comes in pieces: the notes of a reasoning model belong in no
 * document. White space around the block goes with it. What comes out does not depend on how the answer was cut up.
 */
export class ThinkFilter {
  #state: 'start' | 'inside' | 'after' | 'text' = 'start'
  #held = ''
  #leftOut = false

  /** Whether notes were left out; an empty block is none. */
  get left_out(): boolean {
    return this.#leftOut
  }

  /** What of the text so far can be told to be answer; '' while that is open. */
  push(piece: string): string {
    switch (this.#state) {
      case 'text':
        return piece
      case 'start':
        return this.#start(piece)
      case 'inside':
        return this.#inside(piece)
      case 'after':
        return this.#after(piece)
    }
  }

  /** The rest, once nothing more comes. A block that was never closed is left out whole. */
  end(): string {
    const held = this.#held
    this.#held = ''
    if (this.#state === 'start') return held
    if (this.#state === 'inside') this.#note(held)
    return ''
  }

  #start(piece: string): string {
    this.#held += piece
    const held = this.#held
    const text = held.trimStart()
    const indent = held.length - text.length
    if (indent <= MOST_INDENT && OPEN.startsWith(text.slice(0, OPEN.length))) {
      if (text.length < OPEN.length) return ''
      this.#state = 'inside'
      this.#held = ''
      return this.#inside(text.slice(OPEN.length))
    }
    this.#state = 'text'
    this.#held = ''
    return held
  }

  #inside(piece: string): string {
    const notes = this.#held + piece
    const end = notes.indexOf(CLOSE)
    // The mark may be cut in two: its beginning waits for the rest.
    const known = end < 0 ? Math.max(0, notes.length - CLOSE.length + 1) : end
    this.#note(notes.slice(0, known))
    this.#held = end < 0 ? notes.slice(known) : ''
    if (end < 0) return ''
    this.#state = 'after'
    return this.#after(notes.slice(end + CLOSE.length))
  }

  #after(piece: string): string {
    const text = piece.trimStart()
    if (text !== '') this.#state = 'text'
    return text
  }

  #note(notes: string): void {
    this.#leftOut ||= /\S/.test(notes)
  }
}

const LEFT_OUT = "The model's reasoning block was left out."
const UNOPENED =
  'The answer holds the end mark of a reasoning block without its beginning: part of it may be reasoning.'

const NONE: readonly string[] = []

/** What to warn of in an answer that is clean and whose leading block has been taken out. */
export function warningsOf(answer: string, left_out: boolean): readonly string[] {
  // The mark is only reported: text of the patient's could hold it too, and nothing before it may get lost.
  const block = left_out ? LEFT_OUT : answer.includes(CLOSE) ? UNOPENED : null
  const replaced = replacedIn(answer)
  if (block === null && replaced === null) return NONE
  return [block, replaced].filter((warning) => warning !== null)
}

const MAY_OPEN = /^\s*</

/** The answer in a whole text, and whether notes were left out of it. */
export function withoutThinking(text: string): { answer: string; left_out: boolean } {
  if (!MAY_OPEN.test(text)) return { answer: text, left_out: false }
  const filter = new ThinkFilter()
  const answer = filter.push(text) + filter.end()
  return { answer, left_out: filter.left_out }
}
