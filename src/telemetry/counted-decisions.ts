import type { Store } from '../store/port.ts'
import type { ApprovalMetrics } from './approval-metrics.ts'

/** The same store, with the decisions that it records counted. */
export function countedDecisions(store: Store, metrics: Pick<ApprovalMetrics, 'decided'>): Store {
  return {
    ...store,
    async decide(tenant, approvalId, decision, audit) {
      const decided = await store.decide(tenant, approvalId, decision, audit)
      if (decided.ok) metrics.decided(decision.status)
      return decided
    },
    async expireApprovals(at, limit, audit) {
      const expired = await store.expireApprovals(at, limit, audit)
      if (expired.length > 0) metrics.decided('expired', expired.length)
      return expired
    },
  }
}
