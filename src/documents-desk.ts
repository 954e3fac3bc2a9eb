import type { AuditFacts } from './contract/audit.ts'
import type { DocumentSummary } from './contract/evidence.ts'
import type { DocumentsDesk, RunCaller } from './contract/service.ts'
import { Problem } from './errors.ts'
import type { ListedDocument, Memory } from './memory/port.ts'

const summaryOf = ({ id, title, source, passages, added_at, added_by }: ListedDocument): DocumentSummary => ({
  id,
  title,
  source,
  passages,
  added_at: new Date(added_at).toISOString(),
  added_by,
})

/** What routes may ask of documents and memories that are kept. `note` writes the audit entry of what is removed. */
export function documentsDesk(
  memory: Memory | null,
  note: (caller: RunCaller, action: string, object: string, outcome: string, facts?: AuditFacts) => Promise<void>,
): DocumentsDesk {
  const there = (): Memory => {
    if (memory === null) throw new Problem('not_ready', 'This process keeps no documents.')
    return memory
  }
  const missing = (): Problem => new Problem('not_found', 'There is no such document.')

  return {
    list: async (tenant, collection, { limit, cursor = null }) => {
      const { documents, next } = await there().list(tenant, collection, { limit, after: cursor })
      return { documents: documents.map(summaryOf), next_cursor: next }
    },
    read: async (tenant, collection, id) => {
      const document = await there().read(tenant, collection, id)
      if (document === null) throw missing()
      return { ...summaryOf(document), texts: document.texts }
    },
    remove: async (caller, collection, id) => {
      const memory = there()
      const noted = (outcome: string) => note(caller, `${collection}.delete`, `${collection}/${id}`, outcome)
      // Before: what is gone cannot be brought back when it turns out that nobody can record it.
      await noted('asked')
      const { passages } = await memory.remove(caller.tenant, collection, { id })
      if (passages > 0) return
      await noted('refused: not_found')
      throw missing()
    },
    clearMemories: async (caller, of) => {
      const memory = there()
      const noted = (outcome: string, facts: AuditFacts) =>
        note(caller, 'memories.delete', 'memories', outcome, { of, ...facts })
      await noted('asked', {})
      const removed = await memory.remove(
        caller.tenant,
        'memory',
        of === 'tenant' ? 'all' : { added_by: caller.subject },
      )
      await noted('ok', { ...removed })
      return removed
    },
  }
}
