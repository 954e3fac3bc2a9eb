import type { Notice } from '../queue/notices.ts'

/** How replicas hear of each other's runs; src/queue/notices.ts is one. */
export interface RunNotices {
  publish: (notice: Notice) => Promise<void>
  onNotice: (read: (notice: Notice) => void) => void
  onGap: (callback: () => void) => void
}

/** Which owners of runs have ended, as somebody but the store knows it; src/queue/members.ts is one. */
export interface RunOwners {
  gone: (owners: readonly string[]) => Promise<ReadonlySet<string>>
}

/** What this process does about a notice. */
export interface Hearing {
  /** The run has told something, here or elsewhere. */
  changed: (run_id: string) => void
  cancel: (run_id: string) => void
  /** Something may wait for whoever takes it. */
  wake: () => void
}

/** Watchers elsewhere read the store at each notice: some events at once are cheaper for them than one by one. */
const TOGETHER_MS = 50

/** Tells the other replicas what happens to runs here, and hears what happens there. Without any it does nothing. */
export class Neighbours {
  readonly #notices: RunNotices | null
  readonly #changed = new Set<string>()
  #timer: NodeJS.Timeout | null = null

  constructor(notices: RunNotices | null, hearing: Hearing) {
    this.#notices = notices
    notices?.onNotice((notice) => {
      if (notice.notice === 'run_changed') hearing.changed(notice.run_id)
      else if (notice.notice === 'cancel') hearing.cancel(notice.run_id)
      else hearing.wake()
    })
    notices?.onGap(hearing.wake)
  }

  changed(run_id: string): void {
    if (this.#notices === null) return
    this.#changed.add(run_id)
    this.#timer ??= setTimeout(() => this.#flush(), TOGETHER_MS).unref()
  }

  cancel(run_id: string): void {
    void this.#notices?.publish({ notice: 'cancel', run_id })
  }

  wake(): void {
    void this.#notices?.publish({ notice: 'wake' })
  }

  #flush(): void {
    this.#timer = null
    for (const run_id of this.#changed) void this.#notices?.publish({ notice: 'run_changed', run_id })
    this.#changed.clear()
  }
}
