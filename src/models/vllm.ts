import { readTokens } from './props.ts'
import type { ToldSlots } from './slots.ts'

/**
 * `--max-num-seqs` unless it is set, on all but the largest GPUs: what passes it waits inside vLLM, first come first
 * served, where our priorities do not reach. No metric tells the setting.
 */
const USUAL_MAX_NUM_SEQS = 256
const MAX_BLOCKS = 1_000_000_000

/** vLLM's `GET /v1/models`: `--max-model-len`. It is not divided by the calls at once. */
export function readMaxModelLen(body: unknown): number | null {
  const data = (body as { data?: { max_model_len?: unknown }[] } | null)?.data
  return readTokens(Array.isArray(data) ? data[0]?.max_model_len : undefined)
}

const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g

/** Label values of every sample of one metric in Prometheus text. */
function readSamples(text: string, metric: string): ReadonlyMap<string, string>[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${metric}{`))
    .map((line) => new Map([...line.matchAll(LABEL)].map(([, name, value]) => [name as string, value as string])))
}

const readPositive = (text: string | undefined): number | null => {
  const value = text === undefined || text === '' ? Number.NaN : Number(text)
  return value > 0 && value <= MAX_BLOCKS ? value : null
}

/** Calls of full length that the KV cache of one engine holds; newer versions work it out themselves. */
function roomOf(labels: ReadonlyMap<string, string>, max_model_len: number): number | null {
  const told = readPositive(labels.get('kv_cache_max_concurrency'))
  if (told !== null) return told
  const tokens = readPositive(labels.get('kv_cache_size_tokens'))
  if (tokens !== null) return tokens / max_model_len
  const blocks = readPositive(labels.get('num_gpu_blocks'))
  const size = readPositive(labels.get('block_size'))
  return blocks === null || size === null ? null : (blocks * size) / max_model_len
}

/** vLLM's `GET /metrics`: the calls of full length that fit its KV cache at once, over all its engines. */
export function readRoom(metrics: string, max_model_len: number): ToldSlots | null {
  const rooms = readSamples(metrics, 'vllm:cache_config_info').map((labels) => roomOf(labels, max_model_len))
  const known = rooms.filter((room) => room !== null)
  if (known.length === 0 || known.length < rooms.length) return null
  const total = Math.floor(known.reduce((sum, room) => sum + room, 0))
  return { count: Math.min(USUAL_MAX_NUM_SEQS, Math.max(1, total)), source: 'server', exact: false }
}
