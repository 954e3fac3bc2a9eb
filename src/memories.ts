import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { ConfigError } from './errors.ts'
import type { Memory } from './memory/port.ts'
import { createQdrantMemory } from './memory/qdrant.ts'
import { createMemoryService, type MemoryService } from './memory/service.ts'
import { createStoredMemory } from './memory/stored.ts'
import { EmbeddingClient, embeddingModel } from './models/embeddings.ts'
import { isAllowedUrl } from './models/hosts.ts'
import type { ModelLookup } from './models/names.ts'
import type { Model } from './models/port.ts'
import { createCipher } from './store/cipher.ts'
import { createClinical } from './store/clinical.ts'
import type { Store } from './store/port.ts'

export interface MemoriesParts {
  config: Pick<Config, 'memory' | 'store' | 'models'>
  store: Store
  /** Of the roster. */
  models: ReadonlyMap<string, Model>
  log: Pick<Logger, 'info' | 'error'>
  /** @default the system's */
  lookup?: ModelLookup
}

/** Memories and evidence, ready for use. */
export interface Memories {
  service: MemoryService
  memory: Memory
  kind: 'store' | 'qdrant'
  /** What makes the embeddings; null: nothing does, and every request to the service is answered `unavailable`. */
  embedder: EmbeddingClient | null
  close: () => Promise<void>
}

function openQdrant({ config }: MemoriesParts, { url: text, apiKey }: { url: string; apiKey: string | null }): Memory {
  const url = new URL(text)
  if (!isAllowedUrl(url, config.models.allowedHosts))
    throw new ConfigError(
      `QDRANT_URL: the host ${url.host} is not allowed. Patient data would go there; if it may, add it to ALLOWED_MODEL_HOSTS` +
        `${config.models.allowedHosts === null ? ' (unset: loopback, private addresses and single-label names only)' : ''}.`,
    )
  return createQdrantMemory({ url, api_key: apiKey, sealer: createClinical(createCipher(config.store.keys)) })
}

/** Builds the memory that the Config names. Opens no connection. Throws a ConfigError. */
export function buildMemories(parts: MemoriesParts): Memories {
  const { config, store, models, log, lookup } = parts
  const { qdrant } = config.memory
  const model = embeddingModel(models, config.memory.embeddingModel)
  const memory = qdrant === null ? createStoredMemory(store) : openQdrant(parts, qdrant)
  const embedder = model && new EmbeddingClient(model, lookup && { lookup })
  const kind = qdrant === null ? 'store' : 'qdrant'
  log.info({ memory: kind, embedding_model: model?.id ?? null }, 'memory built')
  return {
    memory,
    kind,
    embedder,
    service: createMemoryService({
      memory,
      embed: embedder && ((texts, patience) => embedder.embed(texts, patience)),
      onFault: (err) => log.error({ err }, 'the memory failed'),
    }),
    close: async () => embedder?.close(),
  }
}
