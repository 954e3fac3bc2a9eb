import { setTimeout as pause } from 'node:timers/promises'
import type { Counted, Memory } from '../memory/port.ts'
import type { AuditNote } from '../store/audit/entry.ts'
import type { Store } from '../store/port.ts'
import { NOTHING } from '../store/queries/retention.ts'
import type { Deleted } from '../store/records.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
/** Runs in one transaction and tenant: what a writer of runs may have to wait for is some ten milliseconds. */
const SLICE = 100
/** Between two slices, so that others come to write. */
const PAUSE_MS = 20

type Pruned = Pick<Store, 'deleteFinished'>

export interface PruneOptions {
  /** Epoch ms: runs that ended before are deleted. */
  before: number
  /** Who did it, for the audit. */
  actor: string
  now: () => number
  /** @default never */
  signal?: AbortSignal
  /** Told of each slice. */
  onSlice?: (deleted: Deleted) => void
}

const add = (a: Deleted, b: Deleted): Deleted =>
  Object.fromEntries(
    Object.entries(a).map(([table, count]) => [table, count + b[table as keyof Deleted]]),
  ) as unknown as Deleted

/** Deletes ended runs in slices, each with an entry in the audit of its tenant. Returns how many rows; throws StoreError. */
export async function prune(store: Pruned, { before, actor, now, signal, onSlice }: PruneOptions): Promise<Deleted> {
  const note = (): AuditNote => ({
    at: now(),
    actor,
    action: 'runs.delete',
    object: 'runs',
    details: { ended_before: new Date(before).toISOString() },
  })
  let total: Deleted = { ...NOTHING }
  while (signal?.aborted !== true) {
    const deleted = await store.deleteFinished(before, SLICE, note)
    if (deleted.runs === 0) break
    total = add(total, deleted)
    onSlice?.(deleted)
    await pause(PAUSE_MS)
  }
  return total
}

export interface PruneMemoriesParts {
  memory: Pick<Memory, 'tenantsWithOlder' | 'remove'>
  store: Pick<Store, 'note'>
}

/**
 * Deletes memories that were added before, tenant by tenant, each with entries in its audit before and after. Evidence
 * stays: it is a library that somebody tends. Returns how many; throws StoreError.
 */
export async function pruneMemories(
  { memory, store }: PruneMemoriesParts,
  { before, actor, now, signal, onSlice }: Omit<PruneOptions, 'onSlice'> & { onSlice?: (removed: Counted) => void },
): Promise<Counted> {
  const noted = (tenant: string, outcome: string, counts: Partial<Counted>): Promise<void> => {
    const details = { added_before: new Date(before).toISOString(), ...counts }
    return store.note(tenant, [{ at: now(), actor, action: 'memories.delete', object: 'memories', outcome, details }])
  }
  const total = { documents: 0, passages: 0 }
  for (;;) {
    const before_round = total.passages
    for (const tenant of await memory.tenantsWithOlder('memory', before)) {
      if (signal?.aborted === true) return total
      // Before: it may be kept where it cannot be deleted and noted in one transaction.
      await noted(tenant, 'asked', {})
      const removed = await memory.remove(tenant, 'memory', { before }, signal)
      await noted(tenant, 'ok', removed)
      onSlice?.(removed)
      total.documents += removed.documents
      total.passages += removed.passages
    }
    if (total.passages === before_round) return total
  }
}

export interface RetentionParts {
  store: Pick<Store, 'deleteFinished' | 'oldestFinished' | 'note'>
  /** Null: there are no memories. */
  memory: PruneMemoriesParts['memory'] | null
  /** Null: nothing is deleted, the age of the oldest run is still told. */
  days: number | null
  /** Epoch ms. */
  now: () => number
  metrics: {
    deleted: (counts: Deleted) => void
    deletedMemories: (counts: Counted) => void
    oldestRun: (finishedAt: number | null) => void
  }
  log: { info: (about: object, message: string) => void; error: (about: object, message: string) => void }
  /** From 0 to 1: replicas shall not all begin at once. @default Math.random */
  random?: () => number
}

export interface Retention {
  start(): void
  /** Deletes what is too old now. Never throws: a failure is logged and the next hour tries again. */
  round(): Promise<void>
  /** Resolves when nothing of it is at work any more. */
  stop(): Promise<void>
}

/** Deletes ended runs and memories that are older than `days`, about once an hour. */
export function createRetention(parts: RetentionParts): Retention {
  const { store, memory, days, now, metrics, log, random = Math.random } = parts
  const stopped = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> = Promise.resolve()

  async function runs(): Promise<void> {
    if (days !== null) {
      const before = now() - days * DAY_MS
      const { runs } = await prune(store, {
        before,
        actor: 'retention',
        now,
        signal: stopped.signal,
        onSlice: (deleted) => metrics.deleted(deleted),
      })
      if (runs > 0) log.info({ runs, days }, 'old runs deleted')
    }
    metrics.oldestRun(await store.oldestFinished())
  }

  async function memories(): Promise<void> {
    if (memory === null || days === null) return
    const { documents } = await pruneMemories(
      { memory, store },
      {
        before: now() - days * DAY_MS,
        actor: 'retention',
        now,
        signal: stopped.signal,
        onSlice: (removed) => metrics.deletedMemories(removed),
      },
    )
    if (documents > 0) log.info({ documents, days }, 'old memories deleted')
  }

  // One may be down without the other.
  async function round(): Promise<void> {
    await runs().catch((err: unknown) => log.error({ err }, 'old runs were not deleted'))
    await memories().catch((err: unknown) => log.error({ err }, 'old memories were not deleted'))
  }

  function plan(ms: number): void {
    if (stopped.signal.aborted) return
    timer = setTimeout(() => {
      working = round()
      void working.then(() => plan(HOUR_MS * (0.9 + 0.2 * random())))
    }, ms)
    timer.unref()
  }
  return {
    // Not at once: a service that is restarted again and again has other worries.
    start: () => plan(MINUTE_MS * (1 + random())),
    round,
    async stop() {
      stopped.abort()
      clearTimeout(timer)
      await working
    },
  }
}
