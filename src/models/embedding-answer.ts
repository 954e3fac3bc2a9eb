import type { Answer } from './exchange.ts'
import { failure, failureOfFault, failureOfStatus } from './failure.ts'
import { isObject, type Json, parseJson } from './json.ts'
import type { EmbeddingBatch, Failure } from './port.ts'
import { parseRetryAfter } from './retry-after.ts'

const MOST_DIMS = 16_384

/** Why a value is no embedding, or the embedding. */
function readVector(given: unknown): Float32Array | string {
  if (!Array.isArray(given) || given.length === 0 || given.length > MOST_DIMS) return 'holds an entry without a vector'
  // Beyond 32 bits a number would become infinite.
  const vector = Float32Array.from(given, (value) => (typeof value === 'number' ? value : Number.NaN))
  return vector.every(Number.isFinite) ? vector : 'holds a vector with something in it that is no number'
}

/** By `index` where the server gives one; else in the order in which they came. */
function inOrder(data: readonly unknown[], count: number): Json[] | string {
  const placed: Json[] = []
  for (const [at, entry] of data.entries()) {
    if (!isObject(entry)) return 'holds an entry without a vector'
    const index = entry.index ?? at
    if (
      typeof index !== 'number' ||
      placed[index] !== undefined ||
      !Number.isInteger(index) ||
      index < 0 ||
      index >= count
    )
      return 'numbers its vectors wrongly'
    placed[index] = entry
  }
  return placed
}

function readVectors(body: unknown, count: number): Float32Array[] | string {
  const data = isObject(body) ? body.data : undefined
  if (!Array.isArray(data)) return 'holds no embeddings'
  if (data.length !== count) return `holds ${data.length} embeddings for ${count} texts`
  const entries = inOrder(data, count)
  if (typeof entries === 'string') return entries
  const vectors: Float32Array[] = []
  for (const { embedding } of entries) {
    const vector = readVector(embedding)
    if (typeof vector === 'string') return vector
    if (vector.length !== (vectors[0] ?? vector).length) return 'holds vectors of different dimensions'
    vectors.push(vector)
  }
  return vectors
}

function readTokens(body: unknown): number | null {
  const usage = isObject(body) && isObject(body.usage) ? body.usage : {}
  const { prompt_tokens: tokens } = usage
  return typeof tokens === 'number' && Number.isInteger(tokens) && tokens >= 0 ? tokens : null
}

const bad = (what: string, latency_ms: number): Failure =>
  failure('bad_upstream_response', latency_ms, { message: `The answer of the model server ${what}.` })

/** What came back from asking for the embeddings of `count` texts. */
export function readEmbeddings(answer: Answer, count: number): EmbeddingBatch | Failure {
  if (answer.kind === 'error') return failureOfFault(answer.reason, answer.latency_ms)
  const { status, headers, body, latency_ms } = answer
  const json = parseJson(body.toString())
  if (status !== 200) {
    if (status < 300) return bad(`has the status ${status}, which holds no embeddings`, latency_ms)
    const told = isObject(json) && isObject(json.error) ? json.error : {}
    const retry_after_ms = parseRetryAfter(headers['retry-after'], Date.now())
    return failureOfStatus(status, latency_ms, retry_after_ms, [told.type, told.code])
  }
  if (json === undefined) return bad('is not JSON', latency_ms)
  const vectors = readVectors(json, count)
  return typeof vectors === 'string'
    ? bad(vectors, latency_ms)
    : { ok: true, vectors, tokens: readTokens(json), latency_ms }
}
