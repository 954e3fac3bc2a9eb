import { isObject, parseJson } from './request.ts'
import { tokenIds } from './tokens.ts'

const DIMS = 256
/** So that "diagnosis" meets "diagnoses". */
const STEM = 6
const WORD = /[\p{L}\p{N}]{2,}/gu

/** FNV-1a over UTF-16 units. */
function hashOf(word: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

/**
 * A vector of length 1 for a text, always the same: each word adds to the place that its hash names. Texts that share words
 * are near each other; of meaning it knows nothing.
 */
export function embed(text: string): Float32Array {
  const vector = new Float32Array(DIMS)
  const plain = text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()
  for (const word of plain.match(WORD) ?? ([''] as readonly string[])) {
    const hash = hashOf(word.slice(0, STEM))
    // "of" and "the" stand in every text.
    const weight = word.length < 4 ? 0.3 : 1
    vector[hash % DIMS] = (vector[hash % DIMS] ?? 0) + (hash & 0x8000_0000 ? -weight : weight)
  }
  const length = Math.hypot(...vector)
  // Words that cancel each other out leave nothing.
  if (length === 0) vector[0] = 1
  return length === 0 ? vector : vector.map((value) => value / length)
}

const textsOf = (input: unknown): string[] | null => {
  const all = typeof input === 'string' ? [input] : input
  return Array.isArray(all) && all.length > 0 && all.every((one) => typeof one === 'string' && one !== '') ? all : null
}

/** POST /v1/embeddings: the answer, or one sentence on why the body asks for nothing. */
export function embeddings(body: string, model: string): object | string {
  const given = parseJson(body)
  if (!isObject(given)) return 'The body is not a JSON object'
  const texts = textsOf(given.input)
  if (texts === null) return '"input" must be text, or a list of texts that is not empty'
  const base64 = given.encoding_format === 'base64'
  const data = texts.map((text, index) => {
    const vector = embed(text)
    const embedding = base64 ? Buffer.from(vector.buffer).toString('base64') : [...vector]
    return { object: 'embedding', index, embedding }
  })
  const tokens = texts.reduce((sum, text) => sum + tokenIds(text).length, 0)
  return { object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } }
}
