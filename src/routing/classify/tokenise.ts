import { type Counts, noCounts, reset } from './counts.ts'
import { DIGIT, fold, SEPARATOR, SKIPPED } from './fold.ts'
import { HASH_START, hashStep, prefixKey } from './hash.ts'
import { lineKind } from './lines.ts'

/** The classifier looks at so many characters of a text's start, and at `TAIL_CHARS` of its end. */
export const HEAD_CHARS = 3000
export const TAIL_CHARS = 1000
/** More tokens than so many there cannot be. */
export const MAX_CHARS = HEAD_CHARS + TAIL_CHARS + 1

/** Lengths of the prefixes that a rule may name (`analy*`). */
export const PREFIX_LENGTHS = [5, 6, 7] as const
const SHORTEST = PREFIX_LENGTHS[0]
const PREFIXES = PREFIX_LENGTHS.length

/** Marks of a token, as bits: begins a sentence; is material (quoted, data, code, the middle of a long text). */
export const FIRST_OF_SENTENCE = 1
export const MATERIAL = 2

const LONG_QUOTE_CHARS = 60
const HEAD_TOKENS = 60
const TAIL_TOKENS = 40
const EDGE_LINES = 2

/** A text cut into words, as numbers. Belongs to `tokenise` and is overwritten by its next call. */
export interface Tokens {
  /** How many tokens there are; the arrays are longer. */
  count: number
  readonly hash: Int32Array
  /** Keys of the prefixes of 5, 6 and 7 letters, three a token; 0 when the token is shorter. */
  readonly prefix: Int32Array
  /** Where the token's letters begin and end in `letters`. */
  readonly start: Uint16Array
  readonly end: Uint16Array
  readonly marks: Uint8Array
  readonly letters: Uint16Array
  readonly counts: Counts
}

const out: Tokens = {
  count: 0,
  hash: new Int32Array(MAX_CHARS),
  prefix: new Int32Array(MAX_CHARS * PREFIXES),
  start: new Uint16Array(MAX_CHARS),
  end: new Uint16Array(MAX_CHARS),
  marks: new Uint8Array(MAX_CHARS),
  letters: new Uint16Array(MAX_CHARS),
  counts: noCounts(),
}
/** Index of the line that a token stands on. */
const lineOf = new Uint16Array(MAX_CHARS)

/** Is this the start of a new sentence, when `code` came just before white space or a word? */
const endsSentence = (code: number): boolean =>
  code === 0x2e || code === 0x3f || code === 0x21 || code === 0x3a || code === 0x3b || code === 0x0a

/** Opening quotation mark → the mark that closes it; 0 for everything else. */
function closing(code: number): number {
  if (code === 0x22) return 0x22
  if (code === 0x201c) return 0x201d
  if (code === 0xab) return 0xbb
  return 0
}

/** The part of a text that is looked at: its head, and its tail on a line of its own. */
export const looked = (text: string): string =>
  text.length <= HEAD_CHARS + TAIL_CHARS ? text : `${text.slice(0, HEAD_CHARS)}\n${text.slice(-TAIL_CHARS)}`

/** Cuts `text` into words. Its cost is bounded by `HEAD_CHARS + TAIL_CHARS`, whatever the length of the text. */
export function tokenise(text: string): Tokens {
  const { letters, prefix } = out
  const view = looked(text)
  const { counts } = out
  reset(counts)
  counts.chars = text.length
  counts.seen = view.length
  out.count = 0
  let at = 0
  let fresh = true
  let closer = 0
  let closerAt = -1
  while (at < view.length) {
    let end = view.indexOf('\n', at)
    if (end < 0) end = view.length
    const kind = lineKind(view, at, end, counts)
    if (kind !== 'empty') {
      counts.lines++
      fresh = true
    }
    let previous = 0x0a
    let from = out.count === 0 ? 0 : (out.end[out.count - 1] as number)
    let to = from
    let hash = HASH_START
    let hasLetter = false
    let identifier = false
    for (let i = at; i <= end; i++) {
      const code = i < end ? view.charCodeAt(i) : 0x0a
      const read = fold(code)
      if (read === SKIPPED) continue
      if (read !== SEPARATOR) {
        const isDigit = read === DIGIT
        // A run of digits is one: 12 and 140 are the same word.
        if (!(isDigit && to > from && letters[to - 1] === DIGIT)) {
          hash = hashStep(hash, read)
          letters[to++] = read
          const length = to - from
          if (length >= SHORTEST && length < SHORTEST + PREFIXES)
            prefix[out.count * PREFIXES + length - SHORTEST] = prefixKey(hash)
        }
        if (!isDigit) hasLetter = true
        if (read !== code && code < 0x5b && !isDigit && previous >= 0x61 && previous <= 0x7a) identifier = true
        previous = code
        continue
      }
      if (code === 0x5f && to > from) identifier = true
      if (to > from) {
        const length = to - from
        for (let p = Math.max(0, length - SHORTEST + 1); p < PREFIXES; p++) prefix[out.count * PREFIXES + p] = 0
        out.hash[out.count] = hash
        out.start[out.count] = from
        out.end[out.count] = to
        out.marks[out.count] =
          (fresh ? FIRST_OF_SENTENCE : 0) | (i <= closerAt || kind === 'data' || kind === 'code' ? MATERIAL : 0)
        lineOf[out.count] = counts.lines
        out.count++
        if (fresh) counts.sentences++
        fresh = false
        if (!hasLetter) counts.numbers++
        if (identifier) counts.identifiers++
        from = to
        hash = HASH_START
        hasLetter = false
        identifier = false
      }
      if (i > closerAt) {
        closer = closing(code)
        if (closer !== 0) {
          const close = view.indexOf(String.fromCharCode(closer), i + 1)
          if (close - i > LONG_QUOTE_CHARS) {
            closerAt = close
            counts.quoted += close - i
          }
        }
      }
      // ¿ and ¡ open a sentence; the others end one when a space or the line's end follows.
      if (code === 0xbf || code === 0xa1) fresh = true
      else if (endsSentence(code) && (i + 1 >= end || view.charCodeAt(i + 1) <= 0x20)) fresh = true
      previous = code
    }
    at = end + 1
  }
  counts.endsWithQuestion = /\?["'\s).!]*$/.test(view.slice(-12)) ? 1 : 0
  markMiddle(counts.lines)
  return out
}

/** Marks as material what is neither near an end of the text nor on one of its first or last lines. */
function markMiddle(lines: number): void {
  for (let t = HEAD_TOKENS; t < out.count - TAIL_TOKENS; t++) out.marks[t] = (out.marks[t] as number) | MATERIAL
  if (lines <= 2 * EDGE_LINES) return
  for (let t = 0; t < out.count; t++) {
    const line = lineOf[t] as number
    if (line > EDGE_LINES && line <= lines - EDGE_LINES) out.marks[t] = (out.marks[t] as number) | MATERIAL
  }
}
