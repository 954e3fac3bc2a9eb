/** What a paragraph says, without what formatting adds. */
export interface Wording {
  /** Number of words, numbers and symbols that count. */
  size: number
  /** They in order, sentence by sentence: equal keys mean equal wording. */
  key: string
  /** How many words stand before each comma, colon or parenthesis inside a sentence. Ascending. */
  breaks: readonly number[]
}

/** Words that carry no claim: their presence may differ. Nothing that could negate, limit, date or attribute is here. */
export const FILLERS: readonly string[] = ['the', 'also', 'additionally', 'furthermore', 'moreover', 'please']

/** Two-letter words that open sentences. Others keep their case: "Mg" is magnesium, "mg" a unit. */
const OPENERS = new Set([
  'An',
  'As',
  'At',
  'Be',
  'By',
  'Do',
  'He',
  'If',
  'In',
  'Is',
  'It',
  'No',
  'Of',
  'On',
  'Or',
  'To',
])

const TOKEN = /[\p{L}\p{M}\p{N}]+(?:['’.,:/+–-][\p{L}\p{M}\p{N}]+)*|\S/gu
// A dash before a digit may be a minus sign, so it is no bullet.
const BULLET = /^[^\S\n]*(?:[-*•‣◦]|#{1,6})[^\S\n]+(?!\d)/
const OPENS_SENTENCE = /^[^\S\n]*[*_"'(]*[\p{Lu}\p{N}]/u
const NUMBER_WITH_UNIT = /^(\p{N}[\p{N}.,]*)(\p{L}+)$/u
const ENDS_HERE = /^["'”’)*_`]*(?:\s|$)/

const fold = (word: string): string => {
  const plain = word.replaceAll('’', "'")
  const rest = plain.slice(1)
  const titled = plain.length > 2 ? rest === rest.toLowerCase() : OPENERS.has(plain)
  return titled ? plain[0]?.toLowerCase() + rest : plain
}

/** "5mg" is "5 mg" and "follow-up" is "follow up"; a hyphen beside a digit stays: a range, a date, a code. */
function splitWord(token: string): string[] {
  const measure = NUMBER_WITH_UNIT.exec(token)
  if (measure) return [measure[1] as string, measure[2] as string]
  return /[-–]/.test(token) && !/\p{N}/u.test(token) ? token.split(/[-–]/) : [token]
}

/**
 * Reads a paragraph for comparison. Dropped are line breaks, markdown emphasis, bullets, quotation marks, fillers and
 * the capital of a capitalised word. Everything else counts: each word, number, sign and symbol, the order, and where
 * sentences end (for "no pain. Fever." is not "no pain, fever.").
 */
export function wordingOf(paragraph: string): Wording {
  const sentences: string[] = []
  let sentence: string[] = []
  let breaks: number[] = []
  let size = 0
  let opened = 0
  const close = (): void => {
    while (breaks.length > 0 && (breaks.at(-1) as number) >= size) breaks.pop()
    if (sentence.length > 0) sentences.push(sentence.join(' '))
    sentence = []
    opened = size
  }
  const count = (word: string): void => {
    sentence.push(word)
    size++
  }

  for (const raw of paragraph.split('\n')) {
    const line = raw.replace(BULLET, '')
    if (line !== raw || OPENS_SENTENCE.test(line)) close()
    for (const { 0: token, index } of line.matchAll(TOKEN)) {
      if (/^[\p{L}\p{N}]/u.test(token)) {
        for (const part of splitWord(token).map(fold)) if (!FILLERS.includes(part)) count(part)
        continue
      }
      switch (token) {
        case '*':
        case '_':
        case '`':
        case '“':
        case '”':
        case '‘':
          break
        case '"':
        case "'":
        case '’':
          // After a digit these are inches, feet or minutes.
          if (/\p{N}/u.test(line[index - 1] ?? '')) count(token)
          break
        case ',':
        case ':':
        case '(':
        case ')':
          if (size > opened && breaks.at(-1) !== size) breaks.push(size)
          break
        case '.':
        case ';':
        case '!':
        case '?':
          if (token === '?') count(token)
          if (ENDS_HERE.test(line.slice(index + 1, index + 8))) close()
          else count(token)
          break
        default:
          count(token)
      }
    }
  }
  close()
  breaks = [...breaks]
  return { size, key: sentences.join('\n'), breaks }
}

const within = (some: readonly number[], all: readonly number[]): boolean => some.every((place) => all.includes(place))

/**
 * Whether two paragraphs say the same: the same wording, and commas that one adds to the other's but none that moved
 * ("aspirin stopped, clopidogrel" is not "aspirin, stopped clopidogrel").
 */
export const saySame = (one: Wording, other: Wording): boolean =>
  one.key === other.key && (within(one.breaks, other.breaks) || within(other.breaks, one.breaks))
