import type { RunCaller, Service } from './contract/service.ts'
import { NO_EMBEDDING_MODEL, Problem, StoreError } from './errors.ts'
import type { Memories } from './memories.ts'
import type { Collection } from './memory/port.ts'
import type { Unavailable, Unusable } from './memory/service.ts'
import type { Asker } from './run/asker.ts'

function refusalOf(why: Unavailable | Unusable): Problem {
  if (why.reason !== 'unavailable')
    return new Problem('invalid_request', why.message, { errors: [{ field: 'text', message: why.message }] })
  // A setting: to try again would not help.
  if (why.cause === 'no_embedding_model') return new Problem('no_model', NO_EMBEDDING_MODEL)
  return new Problem(why.code === 'queue_full' ? 'overloaded' : 'not_ready', why.message, { retryAfterS: 5 })
}

/** What routes may ask of memories and documents. `note` writes the audit entry of what has changed. */
export function memoryDesk(
  memories: Memories | null,
  askerOf: (caller: RunCaller) => Asker,
  note: (caller: RunCaller, action: string, object: string, outcome: string) => Promise<void>,
): Pick<Service, 'remember' | 'addEvidence'> {
  const there = (): Memories => {
    if (memories === null) throw new Problem('not_ready', 'This process keeps no documents.')
    return memories
  }
  /** What cannot be recorded does not stay. */
  const noted = async (caller: RunCaller, collection: Collection, id: string, { memory }: Memories): Promise<void> => {
    try {
      await note(caller, `${collection}.create`, `${collection}/${id}`, 'ok')
    } catch (error) {
      await memory.remove(caller.tenant, collection, { id })
      throw error
    }
  }

  return {
    remember: async (caller, text, about, { within_ms, cancel }) => {
      if (memories === null) return 'This process keeps nothing.'
      const kept = await memories
        .serviceFor(askerOf(caller))
        .remember(
          caller.tenant,
          text,
          { ...about, added_by: caller.subject },
          { deadline: performance.now() + within_ms, ...(cancel && { cancel }) },
        )
      if (!kept.ok) return kept.message
      try {
        await noted(caller, 'memory', kept.id, memories)
        return null
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        return `What is kept must be recorded, and the store does not take it (${error.fault}).`
      }
    },
    addEvidence: async (caller, document, cancel) => {
      const kept = await there()
        .serviceFor(askerOf(caller))
        .addEvidence(caller.tenant, { ...document, added_by: caller.subject }, { cancel })
      if (!kept.ok) throw refusalOf(kept)
      await noted(caller, 'evidence', kept.id, there())
      return { id: kept.id, passages: kept.passages }
    },
  }
}
