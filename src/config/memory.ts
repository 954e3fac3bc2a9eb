import { z } from 'zod'
import { ConfigError } from '../errors.ts'
import { text } from './fields.ts'

/** Where memories and evidence are kept, and whose embeddings they have. */
export const MEMORY_FIELDS = {
  EMBEDDING_MODEL: text.optional(),
  QDRANT_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL such as http://127.0.0.1:6333' })
    .optional(),
  // Anything else cannot stand in a header.
  QDRANT_API_KEY: z
    .string()
    .regex(/^[!-~]+$/, 'must be printable ASCII without spaces')
    .optional(),
}

const MemoryEnv = z.object(MEMORY_FIELDS)

/** Throws a ConfigError, without any secret. */
export function readMemory({ EMBEDDING_MODEL, QDRANT_URL, QDRANT_API_KEY }: z.output<typeof MemoryEnv>) {
  if (QDRANT_API_KEY !== undefined && QDRANT_URL === undefined)
    throw new ConfigError('QDRANT_API_KEY needs QDRANT_URL: without it memories are kept where the runs are')
  const { username, password, search, hash } = new URL(QDRANT_URL ?? 'http://none')
  if (username !== '' || password !== '')
    throw new ConfigError('QDRANT_URL must hold no credentials; use QDRANT_API_KEY')
  if (search !== '' || hash !== '') throw new ConfigError('QDRANT_URL must be a base URL, without ? or #')
  return {
    /** Id of a model of the roster; null: the only one of kind embedding. */
    embeddingModel: EMBEDDING_MODEL ?? null,
    /** Null: where the runs are. */
    qdrant: QDRANT_URL === undefined ? null : { url: QDRANT_URL, apiKey: QDRANT_API_KEY ?? null },
  }
}
