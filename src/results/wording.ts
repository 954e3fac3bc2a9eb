import { wordsOf } from './words.ts'

/** What a paragraph says, without what formatting adds. */
export interface Wording {
  /** Number of words, numbers and symbols that count. */
  size: number
  /** All of them in order, sentence by sentence: equal keys mean equal wording. */
  key: string
  /** How many words stand before each comma, colon or parenthesis inside a sentence. Ascending. */
  breaks: readonly number[]
}

const TOKEN = /[\p{L}\p{M}\p{N}]+(?:['’.,:/+–-][\p{L}\p{M}\p{N}]+)*|\S/gu
const WORD = /^[\p{L}\p{M}\p{N}]/u
// A dash before a digit may be a minus sign, so it is no bullet.
const BULLET = /^[^\S\n]*(?:[-*•‣◦]|#{1,6})[^\S\n]+(?!\d)/
const OPENS_SENTENCE = /^[^\S\n]*[*_"'(]*[\p{Lu}\p{N}]/u
const NUMBER_BEFORE = /\p{N}/u
const ENDS_HERE = /^["'”’)*_`]*(?:\s|$)/

const FORMATTING = new Set(['*', '_', '`', '“', '”', '‘'])
const QUOTES = new Set(['"', "'", '’'])
const BREAKS = new Set([',', ':', '(', ')'])
const STOPS = new Set(['.', ';', '!', '?'])

/**
 * Reads a paragraph for comparison. Dropped are line breaks, markdown emphasis, bullets, quotation marks, fillers and
 * the capital of a capitalised word. Everything else counts: each word, number, sign and symbol, the order, and where
 * sentences end (for "no pain. Fever." is not "no pain, fever.").
 */
export function wordingOf(paragraph: string): Wording {
  const sentences: string[] = []
  const breaks: number[] = []
  let sentence: string[] = []
  let size = 0
  const count = (word: string): void => {
    sentence.push(word)
    size++
  }
  const close = (): void => {
    if (sentence.length === 0) return
    if (breaks.at(-1) === size) breaks.pop()
    sentences.push(sentence.join(' '))
    sentence = []
  }
  const mark = (symbol: string, before: string, after: string): void => {
    if (FORMATTING.has(symbol)) return
    if (QUOTES.has(symbol)) {
      // After a digit these are inches, feet or minutes.
      if (NUMBER_BEFORE.test(before)) count(symbol)
    } else if (BREAKS.has(symbol)) {
      if (sentence.length > 0 && breaks.at(-1) !== size) breaks.push(size)
    } else if (STOPS.has(symbol) && ENDS_HERE.test(after)) {
      if (symbol === '?') count(symbol)
      close()
    } else count(symbol)
  }

  for (const raw of paragraph.split('\n')) {
    const line = raw.replace(BULLET, '')
    if (line !== raw || OPENS_SENTENCE.test(line)) close()
    for (const { 0: token, index } of line.matchAll(TOKEN)) {
      if (WORD.test(token)) wordsOf(token).forEach(count)
      else mark(token, line[index - 1] ?? '', line.slice(index + 1, index + 9))
    }
  }
  close()
  return { size, key: sentences.join('\n'), breaks }
}

function within(some: readonly number[], all: readonly number[]): boolean {
  const places = new Set(all)
  return some.every((place) => places.has(place))
}

/**
 * Whether two paragraphs say the same: the same wording, and commas that one adds to the other's but none that moved
 * ("aspirin stopped, clopidogrel" is not "aspirin, stopped clopidogrel").
 */
export const saySame = (one: Wording, other: Wording): boolean =>
  one.key === other.key && (within(one.breaks, other.breaks) || within(other.breaks, one.breaks))
