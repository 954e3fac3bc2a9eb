import type { EmbeddingsAnswer } from './contract/embeddings.ts'
import type { RunCaller, Service } from './contract/service.ts'
import { Problem, StoreError } from './errors.ts'
import type { Memories } from './memories.ts'
import type { Unavailable, Unusable } from './memory/service.ts'

const EMBED_MS = 60_000

const refusalOf = (why: Unavailable | Unusable): Problem =>
  why.reason === 'unavailable'
    ? new Problem('not_ready', why.message, { retryAfterS: 5 })
    : new Problem('invalid_request', why.message, { errors: [{ field: 'text', message: why.message }] })

const base64Of = (vector: Float32Array): string =>
  Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64')

/** What routes may ask of memories, documents and embeddings. `note` writes the audit entry of what has changed. */
export function memoryDesk(
  memories: Memories | null,
  note: (caller: RunCaller, action: string, object: string, outcome: string) => Promise<void>,
): Pick<Service, 'remember' | 'addEvidence' | 'removeEvidence' | 'embed'> {
  const there = (): Memories => {
    if (memories === null) throw new Problem('not_ready', 'This process keeps no documents.')
    return memories
  }
  /** What cannot be recorded does not stay. */
  const noted = async (caller: RunCaller, action: string, id: string, { memory }: Memories): Promise<void> => {
    try {
      await note(caller, action, `document/${id}`, 'ok')
    } catch (error) {
      await memory.remove(caller.tenant, id)
      throw error
    }
  }

  return {
    remember: async (caller, text, about) => {
      if (memories === null) return 'This process keeps nothing.'
      const kept = await memories.service.remember(caller.tenant, text, about)
      if (!kept.ok) return kept.message
      try {
        await noted(caller, 'memory.create', kept.id, memories)
        return null
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        return `What is kept must be recorded, and the store does not take it (${error.fault}).`
      }
    },
    addEvidence: async (caller, document) => {
      const kept = await there().service.addEvidence(caller.tenant, document)
      if (!kept.ok) throw refusalOf(kept)
      await noted(caller, 'evidence.create', kept.id, there())
      return { id: kept.id, passages: kept.passages }
    },
    removeEvidence: async (caller, id) => {
      const { memory } = there()
      // Before: what is gone cannot be brought back when it turns out that nobody can record it.
      await note(caller, 'evidence.delete', `document/${id}`, 'asked')
      if (await memory.remove(caller.tenant, id)) return
      await note(caller, 'evidence.delete', `document/${id}`, 'refused: not_found')
      throw new Problem('not_found', 'There is no such document.')
    },
    embed: async ({ model, input, encoding_format, phi = true }, cancel): Promise<EmbeddingsAnswer> => {
      const embedder = memories?.embedder ?? null
      if (embedder === null)
        throw new Problem('not_ready', 'No model of the roster makes embeddings ("kind": "embedding").')
      if (model !== 'auto' && model !== embedder.model.id)
        throw new Problem('not_found', `The embedding model of this service is ${embedder.model.id}.`, {
          errors: [{ field: 'model', message: `must be "${embedder.model.id}" or "auto"` }],
        })
      const texts = typeof input === 'string' ? [input] : input
      const made = await embedder.embed(texts, { deadline: performance.now() + EMBED_MS, cancel, phi })
      if (!made.ok) throw new Problem('run_failed', `${embedder.model.id}: ${made.message}`)
      const { vectors, tokens } = made
      return {
        object: 'list',
        model: embedder.model.id,
        data: vectors.map((vector, index) => ({
          object: 'embedding',
          index,
          embedding: encoding_format === 'base64' ? base64Of(vector) : [...vector],
        })),
        ...(tokens !== null && { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
      }
    },
  }
}
