import { ConfigError } from '../errors.ts'
import type { Model } from './port.ts'

/**
 * The model that makes embeddings for memories: the one that `wanted` (EMBEDDING_MODEL) names, else the only one whose card
 * says so; null when there is none. Throws ConfigError: the named one is not there or serves no embeddings; several are there.
 */
export function embeddingModel(models: ReadonlyMap<string, Model>, wanted: string | null): Model | null {
  const all = [...models.values()].filter(({ card }) => card?.kind === 'embedding')
  if (wanted === null) {
    // Vectors of different models cannot be compared: a silent choice would lose what was kept with another.
    if (all.length > 1)
      throw new ConfigError(
        `The roster has several models of kind "embedding" (${all.map(({ id }) => id).join(', ')}): name one of them in EMBEDDING_MODEL`,
      )
    return all[0] ?? null
  }
  const named = models.get(wanted)
  if (named === undefined)
    throw new ConfigError(`EMBEDDING_MODEL names "${wanted}", which is not a model of the roster`)
  if (named.card?.kind !== 'embedding')
    throw new ConfigError(`EMBEDDING_MODEL names "${wanted}", whose entry in the roster has no "kind": "embedding"`)
  return named
}
