import { setTimeout as pause } from 'node:timers/promises'
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

export interface RetentionParts {
  store: Pick<Store, 'deleteFinished' | 'oldestFinished'>
  /** Null: nothing is deleted, the age of the oldest run is still told. */
  days: number | null
  /** Epoch ms. */
  now: () => number
  metrics: { deleted: (counts: Deleted) => void; oldestRun: (finishedAt: number | null) => void }
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

/** Deletes ended runs that are older than `days`, about once an hour. */
export function createRetention(parts: RetentionParts): Retention {
  const { store, days, now, metrics, log, random = Math.random } = parts
  const stopped = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> = Promise.resolve()

  async function work(): Promise<void> {
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
  const round = (): Promise<void> => work().catch((err: unknown) => log.error({ err }, 'old runs were not deleted'))

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
