import type { RunEvent } from '../contract/events.ts'
import type { Outcome } from '../contract/outcome.ts'
import type { AuditNote } from '../store/audit/entry.ts'
import type { StoreError } from '../store/errors.ts'
import type { Store } from '../store/port.ts'
import type { Change, Lease, NewApproval, Recorded } from '../store/records.ts'
import type { LiveEvent } from './live.ts'
import { persist } from './patience.ts'

export interface JournalParts {
  store: Store
  lease: Lease
  /** Number of the last event that the run's history holds. */
  last_event_id: number
  /** Epoch ms. */
  now: () => number
  /** Hears of each event once it is recorded, in order; of deltas, which are not, in their place between them. */
  tell: (told: LiveEvent) => void
  /** The run is somebody else's by now, or has its end: nothing of this journal counts any more. */
  onLost: () => void
  /** Somebody asked to cancel the run, perhaps of another process. */
  onCancelAsked: () => void
  onTrouble: (error: StoreError) => void
  /** What the store will never take: a fault. */
  onFault: (error: unknown) => void
}

interface Gathered {
  status?: Change['status']
  outcomes: { task_id: string; outcome: Outcome }[]
  approvals: NewApproval[]
  told: RunEvent[]
  /** One write takes one. */
  note: AuditNote | null
}

const nothing = (): Gathered => ({ outcomes: [], approvals: [], told: [], note: null })

const isDelta = ({ event }: RunEvent): boolean => event === 'task.delta'

/**
 * What a run leaves in the store while it goes on. What comes while a write is on its way goes into the next one, so the
 * store sets the pace and the run never waits for it.
 */
export class RunJournal {
  readonly #parts: JournalParts
  #gathered = nothing()
  #writing: Promise<void> | null = null
  #turn: NodeJS.Immediate | null = null
  #lastEventId: number
  #lost = false
  #closing = false

  constructor(parts: JournalParts) {
    this.#parts = parts
    this.#lastEventId = parts.last_event_id
  }

  status(status: NonNullable<Change['status']>): void {
    this.#gathered.status = status
    this.#wake()
  }

  outcome(task_id: string, outcome: Outcome): void {
    this.#gathered.outcomes.push({ task_id, outcome })
    this.#wake()
  }

  approval(approval: NewApproval, event: RunEvent): void {
    this.#gathered.approvals.push(approval)
    this.event(event)
  }

  /** Goes into the audit with the next write, which is the run's end if that is on its way. */
  note(note: AuditNote): void {
    this.#gathered.note = note
    if (!this.#closing) this.#wake()
  }

  event(event: RunEvent): void {
    if (this.#lost) return
    if (!isDelta(event)) {
      this.#gathered.told.push(event)
      this.#wake()
    } else if (this.#gathered.told.length === 0 && this.#writing === null) this.#parts.tell({ id: null, event })
    else this.#gathered.told.push(event)
  }

  /** Resolves once everything is recorded. False when the run was lost. */
  async flush(): Promise<boolean> {
    this.#drainNow()
    while (this.#writing !== null) await this.#writing
    return !this.#lost
  }

  /** Records the end, or that the run waits, with all that came before. False when the run was lost. */
  async close(end: Pick<Change, 'finish'> | { status: 'awaiting_approval' }): Promise<boolean> {
    this.#closing = true
    while (this.#writing !== null) await this.#writing
    if (this.#lost) return false
    this.#cancelTurn()
    await this.#write(this.#take(), end)
    const { note } = this.#take()
    if (note !== null && !this.#lost) await this.#noteAlone(note)
    return !this.#lost
  }

  /** What is told in this turn of the event loop goes into one write. */
  #wake(): void {
    if (this.#lost || this.#writing !== null) return
    this.#turn ??= setImmediate(() => this.#drainNow())
  }

  #cancelTurn(): void {
    if (this.#turn !== null) clearImmediate(this.#turn)
    this.#turn = null
  }

  #drainNow(): void {
    this.#cancelTurn()
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = null
      // What came after the last look, while this write still seemed to be on its way.
      if (!this.#lost && this.#hasNews) this.#drainNow()
    })
  }

  async #drain(): Promise<void> {
    while (!this.#lost && this.#hasNews) await this.#write(this.#take())
    if (!this.#lost) this.#tellAll(this.#take().told)
  }

  /** Whether anything waits that the store keeps: deltas alone are worth no write. */
  get #hasNews(): boolean {
    const { status, outcomes, approvals, told, note } = this.#gathered
    return status !== undefined || note !== null || outcomes.length + approvals.length > 0 || !told.every(isDelta)
  }

  #tellAll(told: readonly RunEvent[]): void {
    for (const event of told) this.#parts.tell({ id: isDelta(event) ? null : ++this.#lastEventId, event })
  }

  #take(): Gathered {
    const taken = this.#gathered
    this.#gathered = nothing()
    return taken
  }

  async #write(
    { told, status, note, ...rest }: Gathered,
    end: Pick<Change, 'finish'> | Pick<Change, 'status'> = {},
  ): Promise<void> {
    const { store, lease, now, onTrouble, onFault, onCancelAsked } = this.#parts
    const events = told.filter((event) => !isDelta(event))
    const change: Change = { at: now(), ...rest, ...(status && { status }), events, ...end }
    try {
      const recorded = await persist(
        () => store.record(lease, change, note),
        () => this.#landed(change),
        { until: Number.POSITIVE_INFINITY, onTrouble },
      )
      if (!recorded.ok) return this.#lose()
      this.#tellAll(told)
      if (recorded.cancel_requested_at !== null) onCancelAsked()
    } catch (error) {
      onFault(error)
      this.#lose()
    }
  }

  /** What came while the end was being written: the run takes no more, its tenant's chain does. */
  async #noteAlone(note: AuditNote): Promise<void> {
    const { store, lease, onFault } = this.#parts
    try {
      await store.note(lease.tenant, [{ ...note, outcome: 'ok' }])
    } catch (error) {
      onFault(error)
    }
  }

  /** Whether a write that failed is in the store after all: the connection may have broken behind its commit. */
  async #landed({ events = [], finish }: Change): Promise<Recorded | null> {
    const { store, lease } = this.#parts
    const run = await store.run(lease.tenant, lease.run_id)
    if (run === null || run.epoch !== lease.epoch) return { ok: false, reason: run === null ? 'not_found' : 'stale' }
    const { last_event_id, cancel_requested_at, finished_at } = run
    const there = finish === undefined ? events.length > 0 && last_event_id > this.#lastEventId : finished_at !== null
    return there ? { ok: true, last_event_id, cancel_requested_at, kept: [] } : null
  }

  #lose(): void {
    this.#lost = true
    this.#gathered = nothing()
    this.#parts.onLost()
  }
}
