import { TASK_TYPES } from '../../contract/task-type.ts'
import { fold, SEPARATOR, SKIPPED } from './fold.ts'
import { HASH_START, hashStep, hashWord, prefixKey } from './hash.ts'
import { KeyTable } from './key-table.ts'
import { english } from './rules-en.ts'
import { spanish } from './rules-es.ts'
import { PREFIX_LENGTHS } from './tokenise.ts'

/** Words of at least so many letters are also found with one letter missing, added, changed or two swapped. */
export const FUZZY_LETTERS = 7

/** A rule ready to be matched: symbols in their order. */
export interface Rule {
  readonly label: number
  readonly weight: number
  /** Must begin a sentence. */
  readonly first: boolean
  readonly symbols: readonly number[]
}

const BOOKS = [english, spanish]

/** Symbol → its name: a class (`@make`), a word, or alternatives (`bug|error`). */
const names: string[] = []
const numberOf = new Map<string, number>()
const symbolsByKey = new Map<number, number[]>()
const symbolsByPrefix = new Map<number, number[]>()
const fuzzyByKey = new Map<number, number[]>()

/** Lower case without accents, as tokens are. */
function folded(word: string): string {
  const codes = Array.from({ length: word.length }, (_, i) => fold(word.charCodeAt(i)))
  const letters = codes.filter((code) => code !== SEPARATOR && code !== SKIPPED)
  return String.fromCharCode(...letters).replaceAll(/0+/g, '0')
}

function add(map: Map<number, number[]>, key: number, symbol: number): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, [symbol])
  else if (!known.includes(symbol)) known.push(symbol)
}

/** The hashes of a word's letters with one of them left out. */
export function deletions(letters: ArrayLike<number>, from: number, to: number, visit: (key: number) => void): void {
  for (let left = from; left < to; left++) {
    let hash = HASH_START
    for (let i = from; i < to; i++) if (i !== left) hash = hashStep(hash, letters[i] as number)
    visit(hash)
  }
}

function learn(symbol: number, words: readonly string[]): void {
  for (const raw of words) {
    const isPrefix = raw.endsWith('*')
    const word = folded(raw)
    if (isPrefix) {
      if (!PREFIX_LENGTHS.some((length) => length === word.length)) throw new Error(`Cannot use the prefix ${raw}`)
      add(symbolsByPrefix, prefixKey(hashWord(word)), symbol)
      continue
    }
    add(symbolsByKey, hashWord(word), symbol)
    if (word.length < FUZZY_LETTERS) continue
    add(fuzzyByKey, hashWord(word), symbol)
    const letters = Uint16Array.from({ length: word.length }, (_, i) => word.charCodeAt(i))
    deletions(letters, 0, word.length, (key) => add(fuzzyByKey, key, symbol))
  }
}

function symbolOf(element: string): number {
  const known = numberOf.get(element)
  if (known !== undefined) return known
  const symbol = names.push(element) - 1
  numberOf.set(element, symbol)
  if (!element.startsWith('@')) learn(symbol, element.split('|'))
  return symbol
}

for (const book of BOOKS)
  for (const [name, words] of Object.entries(book.words)) learn(symbolOf(`@${name}`), words.trim().split(/\s+/))

/** The classes come first among the symbols. */
export const CLASSES = names.length

export const rules: readonly Rule[] = BOOKS.flatMap((book) =>
  TASK_TYPES.flatMap((type, label) =>
    book.rules[type].map(([weight, pattern]) => {
      const elements = pattern.split(' ')
      const first = elements[0] === '^'
      const symbols = (first ? elements.slice(1) : elements).map((element) => {
        if (element.startsWith('@') && !numberOf.has(element)) throw new Error(`Cannot find the class ${element}`)
        return symbolOf(element)
      })
      return { label, weight, first, symbols }
    }),
  ),
)

/** Symbol → the rules that begin with it, by number. */
export const rulesFrom: readonly (readonly number[])[] = names.map((_, symbol) =>
  rules.flatMap((rule, number) => (rule.symbols[0] === symbol ? [number] : [])),
)

export const POLITE = numberOf.get('@polite') as number
export const LIMIT = numberOf.get('@limit') as number

/** What a whole word says. */
export const exact = new KeyTable(symbolsByKey)
/** What the first letters of a word say. */
export const prefixes = new KeyTable(symbolsByPrefix)
/** What a word with a slip says. */
export const fuzzy = new KeyTable(fuzzyByKey)
