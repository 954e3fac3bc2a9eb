import type { Memories } from './memories.ts'
import { citationsOf } from './memory/citations.ts'
import { type Evidence, evidenceBlock, nameEvidence } from './memory/evidence.ts'
import type { FindEvidence, FoundEvidence } from './run/find-evidence.ts'

const found = (evidence: readonly Evidence[], warning: string | null): FoundEvidence => ({
  block: evidenceBlock(evidence),
  warning,
  cite: (answer) => {
    const { cited, unknown } = citationsOf(answer, evidence)
    const ids = new Set(cited.map(({ evidence_id }) => evidence_id))
    const citations = evidence.map(({ evidence_id, id, source, title, position, score }) => ({
      evidence_id,
      document_id: id,
      source,
      title,
      passage: position,
      score,
      cited: ids.has(evidence_id),
    }))
    return { citations, unknown }
  },
})

/** Finds evidence for tasks by a memory; null: there is none, and tasks are told so. */
export const evidenceFrom =
  (memories: Pick<Memories, 'serviceFor'> | null): FindEvidence =>
  async (tenant, { query, asker, top_k, min_score, collection = 'evidence', deadline, cancel }) => {
    if (memories === null) return found([], 'this process keeps no documents.')
    const wish = { ...(top_k !== undefined && { top_k }), ...(min_score !== undefined && { min_score }) }
    const recalled = await memories.serviceFor(asker).recall(tenant, query, { ...wish, collection, deadline, cancel })
    return recalled.ok ? found(nameEvidence(recalled.hits), recalled.warning) : found([], recalled.message)
  }
