import type { ChatMessage } from './request.ts'

/** One chat completion as the server saw it. Times are `performance.now()` of the server's process. */
export interface LedgerEntry {
  /** Also the `id` of the answer. */
  readonly id: string
  readonly model: string
  readonly receivedAt: number
  /** The key that its caller showed; null without one. */
  readonly key: string | null
  /** When it got a slot; null when it never did. */
  startedAt: number | null
  /** Right before its last byte was handed over, or when the connection was gone. */
  endedAt: number | null
  /** The client went away before the end. */
  aborted: boolean
  messages: readonly ChatMessage[]
  max_tokens: number | null
  priority: number | null
  /** Kind of the fault that it met. */
  fault: string | null
}

/** What really happened at the servers: the oracle of tests. */
export interface Ledger {
  /** In order of arrival; the oldest are dropped beyond the number to keep. */
  readonly entries: readonly LedgerEntry[]
  readonly received: number
  readonly aborted: number
  /** Received and not ended, with or without a slot. */
  readonly inFlight: number
  /** The most that were ever in flight at once: what must never exceed the slots. */
  readonly maxInFlight: number
  /** Resolves as soon as the condition holds; asked again at each arrival, start and end. */
  until(condition: (ledger: Ledger) => boolean): Promise<void>
  /** Resolves when nothing is in flight. */
  idle(): Promise<void>
  /** Forgets everything but what is in flight. */
  clear(): void
}

export interface LedgerBook extends Ledger {
  arrived(entry: LedgerEntry): void
  /** Something about an entry that is in flight has changed. */
  changed(): void
  /** Of an entry that has arrived, once. */
  ended(entry: LedgerEntry): void
}

/** A ledger that keeps between `keep` and twice as many of the latest entries. */
export function createLedger(keep = 10_000): LedgerBook {
  let entries: LedgerEntry[] = []
  let received = 0
  let aborted = 0
  let inFlight = 0
  let maxInFlight = 0
  let waiting: { condition: (ledger: Ledger) => boolean; resolve: () => void }[] = []

  const changed = (): void => {
    if (waiting.length === 0) return
    const met = waiting.filter(({ condition }) => condition(ledger))
    waiting = waiting.filter((waiter) => !met.includes(waiter))
    for (const { resolve } of met) resolve()
  }
  const ledger: LedgerBook = {
    get entries() {
      return entries
    },
    get received() {
      return received
    },
    get aborted() {
      return aborted
    },
    get inFlight() {
      return inFlight
    },
    get maxInFlight() {
      return maxInFlight
    },
    until: (condition) =>
      condition(ledger) ? Promise.resolve() : new Promise((resolve) => waiting.push({ condition, resolve })),
    idle: () => ledger.until(() => inFlight === 0),
    clear: () => {
      entries = entries.filter(({ endedAt }) => endedAt === null)
      received = inFlight
      aborted = 0
      maxInFlight = inFlight
    },
    arrived: (entry) => {
      received++
      inFlight++
      maxInFlight = Math.max(maxInFlight, inFlight)
      if (keep > 0) entries.push(entry)
      if (entries.length > 2 * keep) entries.splice(0, entries.length - keep)
      changed()
    },
    changed,
    ended: (entry) => {
      inFlight--
      if (entry.aborted) aborted++
      changed()
    },
  }
  return ledger
}
