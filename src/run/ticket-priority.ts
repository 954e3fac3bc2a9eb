import { HIGHEST_PRIORITY } from './policy.ts'

/** A call that waits for a permit of a shared lane. Times in ms on one clock. */
export interface Wait {
  /** 0 to 5, 5 the most urgent. */
  priority: number
  /** Longest remaining path of the task's run in ms of expected work, its own included. */
  rank: number
  since: number
}

const RANK_BUCKETS = 64
const FIRST_BUCKET_MS = 250
const BUCKETS_PER_DOUBLING = 4

/** Behind every call that waits. */
export const LAST_PLACE = (HIGHEST_PRIORITY + 1) * RANK_BUCKETS + 1

/**
 * Where a wait stands in the queue that replicas share, 1 first: by class, one up per `aging_ms` of waiting, then by the length
 * of its path in steps of a fifth. Tenants take turns within each replica only: no name of one leaves it.
 */
export function ticketPriority({ priority, rank, since }: Wait, now: number, aging_ms: number): number {
  const itsClass = Math.min(HIGHEST_PRIORITY, priority + Math.floor((now - since) / aging_ms))
  const bucket = Math.floor(BUCKETS_PER_DOUBLING * Math.log2(1 + Math.max(0, rank) / FIRST_BUCKET_MS))
  return (HIGHEST_PRIORITY - itsClass) * RANK_BUCKETS + RANK_BUCKETS - Math.min(RANK_BUCKETS - 1, bucket)
}
