import {
  CLASSES,
  deletions,
  exact,
  FUZZY_LETTERS,
  fuzzy,
  LIMIT,
  POLITE,
  prefixes,
  type Rule,
  rules,
  rulesFrom,
} from './lexicon.ts'
import { FIRST_OF_SENTENCE, MATERIAL, MAX_CHARS, PREFIX_LENGTHS, type Tokens } from './tokenise.ts'

/** Words that may stand between two elements of a rule. */
const GAP = 2
/** Slips are looked for in so many words that nothing else knows. */
const FUZZY_WORDS = 10
const LONGEST = 18
const MAX_SYMBOLS = 24
const PREFIXES = PREFIX_LENGTHS.length

/** What the rules say of a text, 0 or 1. Belongs to `match` and is overwritten by its next call. */
export interface Matches {
  /** Per rule: whether it matched. */
  readonly rule: Uint8Array
  /** Per class: whether one of its words stands anywhere, or at the start of a sentence. */
  readonly anywhere: Uint8Array
  readonly atStart: Uint8Array
  /** How many words set a limit. */
  limits: number
}

const out: Matches = {
  rule: new Uint8Array(rules.length),
  anywhere: new Uint8Array(CLASSES),
  atStart: new Uint8Array(CLASSES),
  limits: 0,
}

/** The symbols of each token, `MAX_SYMBOLS` places a token, and how many of the places are taken. */
const symbols = new Int16Array(MAX_CHARS * MAX_SYMBOLS)
const taken = new Uint8Array(MAX_CHARS)
/** 1 for the symbols that some rule begins with. */
const beginsRules = Uint8Array.from(rulesFrom, (numbers) => (numbers.length === 0 ? 0 : 1))
/** Symbol → the last token that says it, or -1: most rules are out before a word is compared. */
const lastSaid = new Int16Array(rulesFrom.length)

function put(token: number, list: readonly number[]): void {
  const base = token * MAX_SYMBOLS
  let count = taken[token] as number
  for (let i = 0; i < list.length && count < MAX_SYMBOLS; i++) {
    const symbol = list[i] as number
    if (lastSaid[symbol] === token) continue
    symbols[base + count++] = symbol
    lastSaid[symbol] = token
  }
  taken[token] = count
}

function has(token: number, symbol: number): boolean {
  const base = token * MAX_SYMBOLS
  const end = base + (taken[token] as number)
  for (let i = base; i < end; i++) if (symbols[i] === symbol) return true
  return false
}

/** Finds what every token of the request says; words that nobody knows are tried with one slip. */
function look(tokens: Tokens): void {
  taken.fill(0, 0, tokens.count)
  lastSaid.fill(-1)
  let searches = FUZZY_WORDS
  for (let t = 0; t < tokens.count; t++) {
    if (((tokens.marks[t] as number) & MATERIAL) !== 0) continue
    const said = exact.get(tokens.hash[t] as number)
    if (said.length !== 0) put(t, said)
    for (let p = 0; p < PREFIXES; p++) {
      const key = tokens.prefix[t * PREFIXES + p] as number
      if (key === 0) break
      const begun = prefixes.get(key)
      if (begun.length !== 0) put(t, begun)
    }
    const from = tokens.start[t] as number
    const to = tokens.end[t] as number
    if (taken[t] !== 0 || to - from < FUZZY_LETTERS || to - from > LONGEST) continue
    if (searches === 0) continue
    searches--
    put(t, fuzzy.get(tokens.hash[t] as number))
    deletions(tokens.letters, from, to, (key) => put(t, fuzzy.get(key)))
  }
}

/** Whether the elements of a rule from `next` on follow after `token`, each within `GAP` words of the one before. */
function follows(elements: readonly number[], next: number, token: number, count: number): boolean {
  if (next === elements.length) return true
  if ((lastSaid[elements[next] as number] as number) <= token) return false
  const last = Math.min(count - 1, token + 1 + GAP)
  for (let t = token + 1; t <= last; t++)
    if (has(t, elements[next] as number) && follows(elements, next + 1, t, count)) return true
  return false
}

/** Tries the rules that begin with what a token says. */
function matchFrom(symbol: number, token: number, count: number, starting: boolean): void {
  const numbers = rulesFrom[symbol] as readonly number[]
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] as number
    if (out.rule[number] === 1) continue
    const rule = rules[number] as Rule
    if (rule.first && !starting) continue
    if (follows(rule.symbols, 1, token, count)) out.rule[number] = 1
  }
}

/** Matches every rule and class with the request in a text. What is given material says nothing of what is wanted. */
export function match(tokens: Tokens): Matches {
  look(tokens)
  out.rule.fill(0)
  out.anywhere.fill(0)
  out.atStart.fill(0)
  out.limits = 0
  const { anywhere, atStart } = out
  let starting = false
  for (let t = 0; t < tokens.count; t++) {
    const marks = tokens.marks[t] as number
    if ((marks & FIRST_OF_SENTENCE) !== 0) starting = true
    const end = t * MAX_SYMBOLS + (taken[t] as number)
    let polite = false
    for (let i = t * MAX_SYMBOLS; i < end; i++) {
      const symbol = symbols[i] as number
      if (symbol === POLITE) polite = true
      else if (symbol === LIMIT) out.limits++
      if (symbol < CLASSES) {
        anywhere[symbol] = 1
        if (starting) atStart[symbol] = 1
      }
      if (beginsRules[symbol] === 1) matchFrom(symbol, t, tokens.count, starting)
    }
    if (!polite) starting = false
  }
  return out
}
