import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { ConfigError } from './errors.ts'
import type { Memory } from './memory/port.ts'
import { createMemoryService, type MemoryService } from './memory/service.ts'
import { createStoredMemory } from './memory/stored.ts'
import { embeddingModel } from './models/embedding-model.ts'
import { isAllowedUrl } from './models/hosts.ts'
import type { Model } from './models/port.ts'
import type { Asker } from './run/asker.ts'
import type { Embedder } from './run/embedder.ts'
import { createCipher } from './store/cipher.ts'
import { createClinical } from './store/clinical.ts'
import type { Store } from './store/port.ts'

export interface MemoriesParts {
  config: Pick<Config, 'memory'>
  /** See `openMemory`. */
  memory: Memory
  /** Of the roster. */
  models: ReadonlyMap<string, Model>
  embedderFor: (model: Model) => Embedder
  log: Pick<Logger, 'info' | 'error'>
}

/** Memories and evidence, ready for use. */
export interface Memories {
  /** Keeps and finds texts on behalf of somebody, who waits for the embedding model and pays for it. */
  serviceFor: (asker: Asker) => MemoryService
  memory: Memory
  kind: 'store' | 'qdrant'
  /** What makes the embeddings; null: nothing does, and every request to the service is answered `unavailable`. */
  embedder: Embedder | null
}

/** Where texts and vectors are kept. Opens no connection. Rejects with a ConfigError. */
export async function openMemory(config: Pick<Config, 'memory' | 'store' | 'models'>, store: Store): Promise<Memory> {
  const { qdrant } = config.memory
  if (qdrant === null) return createStoredMemory(store)
  const url = new URL(qdrant.url)
  if (!isAllowedUrl(url, config.models.allowedHosts))
    throw new ConfigError(
      `QDRANT_URL: the host ${url.host} is not allowed. Patient data would go there; if it may, add it to ALLOWED_MODEL_HOSTS` +
        `${config.models.allowedHosts === null ? ' (unset: loopback, private addresses and single-label names only)' : ''}.`,
    )
  // Its client, with an undici of its own, costs 12 MB: only where it is used.
  const { createQdrantMemory } = await import('./memory/qdrant.ts')
  return createQdrantMemory({ url, api_key: qdrant.apiKey, sealer: createClinical(createCipher(config.store.keys)) })
}

/** Builds the memory that the Config names. Opens no connection. Throws a ConfigError. */
export function buildMemories(parts: MemoriesParts): Memories {
  const { config, memory, models, embedderFor, log } = parts
  const model = embeddingModel(models, config.memory.embeddingModel)
  const embedder = model && embedderFor(model)
  const kind = config.memory.qdrant === null ? 'store' : 'qdrant'
  log.info({ memory: kind, embedding_model: model?.id ?? null }, 'memory built')
  return {
    memory,
    kind,
    embedder,
    serviceFor: (asker) =>
      createMemoryService({
        memory,
        embed: embedder && ((texts, patience) => embedder.embed(texts, asker, patience)),
        onFault: (err) => log.error({ err }, 'the memory failed'),
      }),
  }
}
