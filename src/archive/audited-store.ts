import type { Store } from '../store/port.ts'

/**
 * The same store, with `onEntries` told how many audit entries each write has committed. What failed may have been
 * committed nevertheless and is not counted: the number is for metrics and for when to seal.
 */
export function countAudit(store: Store, onEntries: (count: number) => void): Store {
  const counted = async <T>(write: Promise<T>, count: number | ((result: T) => number)): Promise<T> => {
    const result = await write
    const entries = typeof count === 'number' ? count : count(result)
    if (entries > 0) onEntries(entries)
    return result
  }
  return {
    ...store,
    accept: (run, audit) => counted(store.accept(run, audit), 1),
    record: (lease, change, audit) => counted(store.record(lease, change, audit), audit === null ? 0 : 1),
    claim: (seen, owner, at, audit) => counted(store.claim(seen, owner, at, audit), audit === null ? 0 : 1),
    requestCancel: (tenant, runId, audit) => counted(store.requestCancel(tenant, runId, audit), 1),
    decide: (tenant, id, decision, audit) => counted(store.decide(tenant, id, decision, audit), 1),
    expireApprovals: (at, limit, audit) => counted(store.expireApprovals(at, limit, audit), (ended) => ended.length),
    deleteFinished(before, limit, audit) {
      let tenants = 0
      const heard = (tenant: string) => {
        tenants++
        return audit(tenant)
      }
      return counted(store.deleteFinished(before, limit, heard), ({ runs }) => (runs === 0 ? 0 : tenants))
    },
    note: (tenant, entries, options) => counted(store.note(tenant, entries, options), entries.length),
  }
}
