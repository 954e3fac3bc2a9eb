/** From here on a passage ends at the next border of a paragraph. */
const ENOUGH = 200
/** No passage is larger. Some 400 tokens of English: embedding models read 512 at most, many of them. */
const MOST = 300
/** A sentence that is larger is not repeated in the next passage. */
const MOST_OVERLAP = 75
/** A table of numbers has few words and many tokens: this many characters count as a word at least. */
const CHARS_A_WORD = 8

/** A stretch of the text. */
interface Stretch {
  start: number
  end: number
  /** In words. */
  size: number
  /** Whether a paragraph begins with it. */
  opens: boolean
}

export interface CutPassage {
  text: string
  /** Counted from 1. */
  position: number
}

const WORD = /\S+/g
// A line alone between two others may hold spaces.
const PARAGRAPH = /\n[^\S\n]*\n\s*/g

// Not before a small letter: "e.g. aspirin". Intl.Segmenter takes forty times as long and cuts hardly better.
const SENTENCE = /(?:[.!?…]["'”’)\]]*\s+(?=[^\p{Ll}\s])|[。！？]|\n\s*)/gu

const sizeOf = (text: string): number =>
  Math.max(text.match(WORD)?.length ?? 0, Math.ceil(text.trim().length / CHARS_A_WORD))

const isHalf = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00

/** Pieces of a sentence that is too large: between words, or within one that is too large itself. In one pass. */
function* pieces(text: string): Generator<string> {
  const most = MOST * CHARS_A_WORD
  let start = 0
  let words = 0
  for (const { 0: word, index } of text.matchAll(WORD)) {
    const end = index + word.length
    if (words > 0 && (words === MOST || end - start > most)) {
      yield text.slice(start, index)
      start = index
      words = 0
    }
    while (end - start > most) {
      const cut = start + most - (isHalf(text.charCodeAt(start + most - 1)) ? 1 : 0)
      yield text.slice(start, cut)
      start = cut
    }
    words++
  }
  yield text.slice(start)
}

function* sentencesOf(text: string): Generator<string> {
  let from = 0
  for (const { 0: ending, index } of text.matchAll(SENTENCE)) {
    yield text.slice(from, index + ending.length)
    from = index + ending.length
  }
  yield text.slice(from)
}

/** The sentences of a paragraph, the large ones in pieces. */
function* stretchesOf(paragraph: string, from: number): Generator<Stretch> {
  let opens = true
  let at = from
  for (const sentence of sentencesOf(paragraph)) {
    const whole = sizeOf(sentence)
    for (const piece of whole > MOST ? pieces(sentence) : [sentence]) {
      const size = piece === sentence ? whole : sizeOf(piece)
      if (size > 0) {
        yield { start: at, end: at + piece.length, size, opens }
        opens = false
      }
      at += piece.length
    }
  }
}

function* allStretches(text: string): Generator<Stretch> {
  let from = 0
  for (const { 0: border, index } of text.matchAll(PARAGRAPH)) {
    yield* stretchesOf(text.slice(from, index), from)
    from = index + border.length
  }
  yield* stretchesOf(text.slice(from), from)
}

/**
 * Cuts a text into passages of some 200 to 300 words: at the border of a paragraph where one comes in time, else of a
 * sentence. Each begins with the last sentence of the one before, so that what two sentences say together is found.
 * No passage holds more than 300 words, nor many more than 2400 characters. Of blank text there are none.
 */
export function cutPassages(text: string): CutPassage[] {
  const passages: CutPassage[] = []
  let held: Stretch[] = []
  let size = 0
  const close = (): void => {
    const [first] = held
    const last = held.at(-1)
    if (first === undefined || last === undefined) return
    passages.push({ text: text.slice(first.start, last.end).trim(), position: passages.length + 1 })
    held = held.length > 1 && last.size <= MOST_OVERLAP ? [last] : []
    size = held.length > 0 ? last.size : 0
  }
  // How many of `held` stood in the passage before.
  let repeated = 0
  for (const stretch of allStretches(text)) {
    if (held.length > repeated && (size + stretch.size > MOST || (stretch.opens && size >= ENOUGH))) {
      close()
      repeated = held.length
    }
    // What is repeated gives way to what is new.
    if (size + stretch.size > MOST) [held, size, repeated] = [[], 0, 0]
    held.push(stretch)
    size += stretch.size
  }
  if (held.length > repeated) close()
  return passages
}
