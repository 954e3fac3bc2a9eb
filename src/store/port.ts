import type { Bound } from '../contract/budget.ts'
import type { Shelf } from '../memory/port.ts'
import type { AuditEntry, AuditHead, AuditLink, AuditNote } from './audit/entry.ts'
import type { Heads } from './audit/signed-heads.ts'
import type { AuditTenants } from './audit/tenants.ts'
import type {
  Accepted,
  Approval,
  AtWork,
  CancelAsked,
  Change,
  Claimed,
  Decided,
  Decision,
  Deleted,
  Delivery,
  DeliveryKey,
  DueDelivery,
  Lease,
  NewRun,
  Progress,
  Recorded,
  RunDetail,
  RunFilter,
  RunRecord,
  SchemaState,
  StoredEvent,
  TaskRecord,
  Unfinished,
  WaitingApprovals,
} from './records.ts'

/**
 * Where runs survive. Every method that changes something writes its audit entry in the same transaction; the store
 * fills in the entry's outcome. Every refusal that a caller may meet is a value; what is thrown is a StoreError.
 * A write that failed with `unavailable` may still have been committed: ask again by run id or idempotency key.
 */
export interface Store extends Shelf {
  accept(run: NewRun, audit: AuditNote): Promise<Accepted>
  /** One fenced write. A step of the service's own needs no audit entry of its own: null. */
  record(lease: Lease, change: Change, audit: AuditNote | null): Promise<Recorded>
  /** Takes an open run over: `seen` is its lease as read; the lease that comes back fences `seen` off. */
  claim(seen: Lease, owner: string, at: number, audit: AuditNote | null): Promise<Claimed>
  /** Gives a run back unclaimed and queued, so that another replica may begin at once. */
  release(lease: Lease, at: number): Promise<Claimed>
  /** Asks the owner to cancel. Asked again it keeps the first time. */
  requestCancel(tenant: string, runId: string, audit: AuditNote): Promise<CancelAsked>
  /** A sign of life for all open runs of an owner, but those that are being written just now. Returns how many. */
  heartbeat(owner: string, at: number): Promise<number>

  run(tenant: string, runId: string): Promise<RunDetail | null>
  runs(tenant: string, filter: RunFilter): Promise<{ runs: RunRecord[]; next_cursor: string | null }>
  tasks(tenant: string, runId: string): Promise<TaskRecord[]>
  events(tenant: string, runId: string, afterId: number, limit: number): Promise<StoredEvent[]>
  /** The run that a key stands for, with the hash of its body. */
  idempotent(tenant: string, key: string): Promise<{ run_id: string; body_hash: string } | null>
  /** Queued and running runs of all tenants, the longest untouched first. */
  unfinished(query: Unfinished): Promise<RunRecord[]>
  /** All that a process looks after, in one question: at most `held` of its own and of others', `free` of nobody's. */
  atWork(owner: string, most: { held: number; free: number }): Promise<AtWork>
  /** Of runs of any tenants, in one question; those that are not there are left out. */
  progress(runs: readonly Pick<RunRecord, 'tenant' | 'run_id'>[]): Promise<Progress[]>

  approval(tenant: string, approvalId: string): Promise<Approval | null>
  approvals(tenant: string, runId: string): Promise<Approval[]>
  /** Exactly one decision wins. A run that waited for it is queued again in the same transaction. */
  decide(tenant: string, approvalId: string, decision: Decision, audit: AuditNote): Promise<Decided>
  /** How many approvals of runs that have not ended are pending, of all tenants. */
  waitingApprovals(): Promise<WaitingApprovals>
  /** Queues runs of all tenants again that wait although none of their approvals is pending. Returns how many. */
  requeueDecided(at: number): Promise<number>
  /** Ends pending approvals of all tenants that are past their time. Returns those that it ended. */
  expireApprovals(
    at: number,
    limit: number,
    audit: (tenant: string, approvalId: string) => AuditNote,
  ): Promise<{ tenant: string; approval: Approval }[]>

  /** What the webhook of a run was told, and is still to be told. */
  deliveries(tenant: string, runId: string): Promise<Delivery[]>
  /**
   * Takes deliveries of all tenants that are due, the longest due first. Until `leasedUntil` nobody else gets them, then
   * they are due again: whoever took them has died. Each counts as an attempt.
   */
  dueDeliveries(at: number, leasedUntil: number, limit: number): Promise<DueDelivery[]>
  /** It arrived. That counts even when somebody else has taken it since. */
  delivered(delivery: DeliveryKey, at: number): Promise<void>
  /** `nextAt` null: given up. Changes nothing when somebody else has taken it since (more `attempts`), or it arrived. */
  failedDelivery(delivery: DeliveryKey & { attempts: number }, error: string, nextAt: number | null): Promise<void>

  /** Deletes runs that finished before, with all that belongs to them but their audit, at most `limit` (1000) per tenant. */
  deleteFinished(before: number, limit: number, audit: (tenant: string) => AuditNote): Promise<Deleted>
  /** When the run of all tenants ended that ended first, in epoch ms; null when none has ended. */
  oldestFinished(): Promise<number | null>

  /**
   * For what changes nothing but must leave a trace: reads, exports, denials. `lazy` for what leaves no other trace in the
   * store: killing the process takes nothing away, but power loss may take what is younger than about a second, from the
   * end of the chain. @default not lazy
   */
  note(tenant: string, entries: readonly AuditEntry[], options?: { lazy: boolean }): Promise<void>
  /** Entries after `seq`, in order; after -Infinity all, also such as stand before the first. */
  auditLinks(tenant: string, afterSeq: number, limit: number): Promise<AuditLink[]>
  auditHead(tenant: string): Promise<AuditHead>
  /** Of all tenants, safe from power loss: they may be signed. */
  auditHeads(): Promise<Heads>
  /** Whose entries there are, by the entries themselves. */
  auditTenants(): Promise<AuditTenants>
  /** Whether there are entries that bear the tenant's name as bytes: no reading of the tenant's entries meets them. */
  auditStrays(tenant: string): Promise<boolean>

  /**
   * Sets an amount aside in every account (all of this tenant), or in none: false. In billionths of a US dollar. What a process
   * leaves set aside when it is killed stays so: its calls may have cost that.
   */
  reserveSpending(tenant: string, bounds: readonly Bound[], amount: number): Promise<boolean>
  settleSpending(tenant: string, bounds: readonly Bound[], amount: number, spent: number): Promise<void>
  /** Accounts of a day; `caller` empty: the tenant's own. */
  spendingOn(tenant: string, day: string): Promise<{ caller: string; spent: number; aside: number }[]>

  /** Brings the schema up to this version; may be killed and repeated. Returns what it applied. */
  migrate(): Promise<string[]>
  schema(): Promise<SchemaState>
  /** Resolves when the database answers, else throws StoreError. */
  ping(): Promise<void>
  /** Resolves when as much as a few runs need was committed, and nothing of it is left; else throws StoreError. */
  tryWrite(): Promise<void>
  close(): Promise<void>
}
