import type { RunEnd, Watching } from '../contract/service.ts'
import { Problem } from '../errors.ts'
import type { Store } from '../store/port.ts'
import type { LiveEvent, LiveRuns } from './live.ts'
import type { Outlook } from './outlook.ts'
import { isPassing } from './patience.ts'
import { savedEnd } from './saved.ts'

const PAGE = 500
export interface WatchParts {
  store: Store
  live: LiveRuns
  outlook: Outlook
}

export const noSuchRun = () => new Problem('not_found', 'There is no run with this id.')

/** One watcher: first what the store has, then what comes, without a gap and without telling anything twice. */
class Watcher {
  readonly #parts: WatchParts
  readonly #watching: Watching
  /** Number of the last event told; null until the run has been seen. */
  #last: number | null = null
  /** The store was read to its end: live events go out as they come, until one is missing. */
  #caughtUp = false
  #wake: () => void = () => undefined
  #woken = false

  constructor(parts: WatchParts, watching: Watching) {
    this.#parts = parts
    this.#watching = watching
  }

  async watch(): Promise<{ end: RunEnd; last_event_id: number } | null> {
    const { run_id, left } = this.#watching
    const stop = this.#parts.live.listen(run_id, (told) => this.#onTold(told))
    const forget = left.onCancel(() => this.#stir())
    try {
      while (!left.cancelled) {
        this.#woken = false
        const ended = await this.#look()
        if (ended !== null) return ended
        await this.#untilWoken()
      }
      return null
    } finally {
      stop()
      forget()
    }
  }

  #onTold(told: LiveEvent | null): void {
    if (told === null) {
      this.#stir()
      return
    }
    const { id, event } = told
    const last = this.#last ?? 0
    const isNews = id !== null && id > last
    if (isNews && (!this.#caughtUp || id !== last + 1)) {
      this.#caughtUp = false
      this.#stir()
      return
    }
    // A delta is for who is there when it comes.
    if (!isNews && (id !== null || !this.#caughtUp)) return
    if (id !== null) this.#last = id
    this.#watching.emit(event, id)
  }

  /** A store that is away for a moment is asked again; what was told meanwhile is in it. */
  async #look(): Promise<{ end: RunEnd; last_event_id: number } | null> {
    try {
      return await this.#catchUp()
    } catch (error) {
      if (!isPassing(error)) throw error
      // Not at once, whoever asks for it.
      this.#woken = false
      return null
    }
  }

  async #catchUp(): Promise<{ end: RunEnd; last_event_id: number } | null> {
    const { tenant, run_id } = this.#watching
    const run = await this.#parts.store.run(tenant, run_id)
    if (run === null) throw noSuchRun()
    // A number that this run has not reached would hold back everything that is still to come.
    this.#last ??= Math.min(this.#watching.after, run.last_event_id)
    await this.#readHistory()
    const end = savedEnd(run)
    if (end !== null) return { end, last_event_id: run.last_event_id }
    // What was told while the store was read came between its pages: it is read again.
    if (!this.#woken) this.#caughtUp = true
    return null
  }

  async #readHistory(): Promise<void> {
    const { tenant, run_id, emit, left } = this.#watching
    for (;;) {
      const page = await this.#parts.store.events(tenant, run_id, this.#last ?? 0, PAGE)
      if (left.cancelled) return
      for (const { id, event, data } of page) {
        // Told by the run itself meanwhile.
        if (id <= (this.#last ?? 0)) continue
        emit({ event, data } as Parameters<typeof emit>[0], id)
        this.#last = id
      }
      if (page.length < PAGE) return
    }
  }

  #stir(): void {
    this.#woken = true
    this.#wake()
  }

  async #untilWoken(): Promise<void> {
    if (this.#woken) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const { tenant, run_id } = this.#watching
    this.#wake = resolve
    // Who has not read to the end has something to read.
    const known = this.#caughtUp ? (this.#last ?? -1) : -1
    const stop = this.#parts.outlook.wait({ tenant, run_id, known, wake: resolve })
    await promise
    stop()
  }
}

export const watchRun = (parts: WatchParts, watching: Watching) => new Watcher(parts, watching).watch()
