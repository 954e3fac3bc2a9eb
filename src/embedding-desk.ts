import type { EmbeddingsAnswer } from './contract/embeddings.ts'
import type { RunCaller, Service } from './contract/service.ts'
import { NO_EMBEDDING_MODEL, Problem } from './errors.ts'
import type { Failure } from './models/port.ts'
import type { Asker } from './run/asker.ts'
import type { Embedder } from './run/embedder.ts'

const base64Of = (vector: Float32Array): string =>
  Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64')

/** A full lane refuses as it refuses a run, and what may not be sent or paid is refused; everything else has failed as a task fails, and says by which code. */
function problemOf(model: string, { code, message, retry_after_ms }: Failure): Problem {
  if (code === 'queue_full') {
    const wait_ms = Math.round(retry_after_ms ?? 0)
    return new Problem('overloaded', `${message} Nothing was started.`, {
      retryAfterS: Math.max(1, wait_ms / 1000),
      members: { estimate: { wait_ms: wait_ms === 0 ? null : wait_ms, finish_ms: null } },
    })
  }
  const members = { failure: { code, message } }
  // Refusals of ours: no server has failed.
  if (code === 'egress_refused' || code === 'budget_exceeded')
    return new Problem(code, `${model}: ${message}`, {
      members,
      ...(retry_after_ms !== null && { retryAfterS: retry_after_ms / 1000 }),
    })
  return new Problem('run_failed', `${model}: ${message}`, { members })
}

/** Makes embeddings for callers; `embedder` is null where no model of the roster does. */
export const embeddingDesk = (embedder: Embedder | null, askerOf: (caller: RunCaller) => Asker): Service['embed'] =>
  async function embed(caller, { model, input, encoding_format, phi = true }, cancel): Promise<EmbeddingsAnswer> {
    if (embedder === null) throw new Problem('no_model', NO_EMBEDDING_MODEL)
    const { id } = embedder.model
    if (model !== 'auto' && model !== id)
      throw new Problem('not_found', `The embedding model of this service is ${id}.`, {
        errors: [{ field: 'model', message: `must be "${id}" or "auto"` }],
      })
    const texts = typeof input === 'string' ? [input] : input
    const made = await embedder.embed(texts, askerOf(caller), { cancel, phi })
    if (!made.ok) throw problemOf(id, made)
    const { vectors, tokens } = made
    return {
      object: 'list',
      model: id,
      data: vectors.map((vector, index) => ({
        object: 'embedding',
        index,
        embedding: encoding_format === 'base64' ? base64Of(vector) : [...vector],
      })),
      ...(tokens !== null && { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
    }
  }
