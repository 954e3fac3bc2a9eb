import { TASK_TYPES } from '../../contract/task-type.ts'
import { hashStep, spread } from './hash.ts'
import { CLASSES, rules } from './lexicon.ts'
import { match } from './match.ts'
import { ruleScores } from './rule-scores.ts'
import { STRUCTURE, structure, structureShare } from './structure.ts'
import { FIRST_OF_SENTENCE, MATERIAL, type Tokens, tokenise } from './tokenise.ts'

const LABELS = TASK_TYPES.length

/** Words, pairs of words and pieces of words share this many places, by hash. */
export const HASHED = 2 ** 15
/** Where the groups of features begin. */
export const AT = {
  bias: HASHED,
  structure: HASHED + 1,
  classes: HASHED + 1 + STRUCTURE,
  starts: HASHED + 1 + STRUCTURE + CLASSES,
  rules: HASHED + 1 + STRUCTURE + 2 * CLASSES,
  scores: HASHED + 1 + STRUCTURE + 2 * CLASSES + rules.length,
} as const
export const FEATURES = AT.scores + LABELS

/** A word in given material counts for so much of one in the request. */
const MATERIAL_SHARE = 0.3

/** How strongly a group may speak: regularisation holds all weights alike, so larger values learn faster. */
const SCALE = {
  word: 1,
  pair: 0.6,
  start: 1.2,
  piece: 0.6,
  /** Of all hashed features together: the length of their vector. */
  hashed: 6,
  bias: 0.5,
  structure: 1,
  classes: 0.6,
  starts: 0.8,
  rules: 0.6,
  scores: 0.4,
} as const

const PAIR = 0x70616972
const START = 0x73746172
const PIECE = 0x70696563
const PIECE_LETTERS = 4
const PIECE_TOKENS = 80
const MAX_FEATURES = 40_000

/** The features of a text that are not 0. Belongs to `featuresOf` and is overwritten by its next call. */
export interface Features {
  count: number
  readonly index: Uint16Array
  readonly value: Float32Array
  /** The points of the rules alone, per label. */
  readonly scores: Float32Array
  tokens: Tokens
  /** Words of the request that set a limit. */
  limits: number
}

const out: Features = {
  count: 0,
  index: new Uint16Array(MAX_FEATURES),
  value: new Float32Array(MAX_FEATURES),
  scores: new Float32Array(LABELS),
  tokens: tokenise(''),
  limits: 0,
}

/** Place in `out` + 1 of every hashed feature that is there already. */
const placeOf = new Uint16Array(HASHED)
const looks = new Float32Array(STRUCTURE)

function addHashed(key: number, value: number): void {
  const index = spread(key) & (HASHED - 1)
  const place = placeOf[index] as number
  if (place === 0) {
    out.index[out.count] = index
    out.value[out.count] = value
    placeOf[index] = ++out.count
  } else if ((out.value[place - 1] as number) < value) out.value[place - 1] = value
}

function addDense(from: number, values: ArrayLike<number>, scale: number): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value === 0) continue
    out.index[out.count] = from + i
    out.value[out.count++] = value * scale
  }
}

function addWords(tokens: Tokens): void {
  let previous = 0
  for (let t = 0; t < tokens.count; t++) {
    const marks = tokens.marks[t] as number
    const hash = tokens.hash[t] as number
    const inRequest = (marks & MATERIAL) === 0
    const share = inRequest ? 1 : MATERIAL_SHARE
    addHashed(hash, SCALE.word * share)
    if ((marks & FIRST_OF_SENTENCE) !== 0) {
      addHashed(hashStep(hash, START), SCALE.start * share)
      previous = 0
    }
    addHashed(hashStep(hashStep(PAIR, previous), hash), SCALE.pair * share)
    previous = hash
    if (inRequest && t < PIECE_TOKENS) addPieces(tokens, t)
  }
}

/** Pieces of `PIECE_LETTERS` letters, with the word's edges: what survives endings and slips. */
function addPieces(tokens: Tokens, token: number): void {
  const from = tokens.start[token] as number
  const to = tokens.end[token] as number
  if (to - from < PIECE_LETTERS) return
  for (let i = from - 1; i + PIECE_LETTERS <= to + 1; i++) {
    let hash = PIECE
    for (let k = 0; k < PIECE_LETTERS; k++) {
      const at = i + k
      hash = hashStep(hash, at < from || at >= to ? 1 : (tokens.letters[at] as number))
    }
    addHashed(hash, SCALE.piece)
  }
}

/** Gives the hashed features of a text the length `SCALE.hashed`, and forgets their places. */
function closeHashed(): void {
  let square = 0
  for (let i = 0; i < out.count; i++) square += (out.value[i] as number) ** 2
  const factor = square === 0 ? 0 : SCALE.hashed / Math.sqrt(square)
  for (let i = 0; i < out.count; i++) {
    placeOf[out.index[i] as number] = 0
    out.value[i] = (out.value[i] as number) * factor
  }
}

/** Reads a text and gives its features. Bounded by what `tokenise` looks at. */
export function featuresOf(text: string): Features {
  const tokens = tokenise(text)
  const matches = match(tokens)
  out.count = 0
  out.tokens = tokens
  out.limits = matches.limits
  addWords(tokens)
  closeHashed()
  structure(tokens.counts, tokens.count, looks, 0)
  ruleScores(matches, looks, 0, out.scores)
  for (let i = 0; i < STRUCTURE; i++) looks[i] = (looks[i] as number) * (structureShare[i] as number)
  out.index[out.count] = AT.bias
  out.value[out.count++] = SCALE.bias
  addDense(AT.structure, looks, SCALE.structure)
  addDense(AT.classes, matches.anywhere, SCALE.classes)
  addDense(AT.starts, matches.atStart, SCALE.starts)
  addDense(AT.rules, matches.rule, SCALE.rules)
  addDense(AT.scores, out.scores, SCALE.scores)
  return out
}
