import type { RunEvent } from '../contract/events.ts'

/** An event with its number in the run's history; null for a delta, which no history keeps. */
export interface LiveEvent {
  id: number | null
  event: RunEvent
}

/** `null`: this process has nothing more to tell of the run. */
export type LiveListener = (told: LiveEvent | null) => void

/** Carries what runs of this process tell to those who watch them here. */
export class LiveRuns {
  readonly #listeners = new Map<string, Set<LiveListener>>()
  readonly #onNews: (run_id: string) => void

  /** `onNews` hears of runs whose history has grown, or that have left this process. */
  constructor(onNews: (run_id: string) => void = () => undefined) {
    this.#onNews = onNews
  }

  publish(run_id: string, told: LiveEvent | null): void {
    if (told?.id !== null) this.#onNews(run_id)
    this.#tell(run_id, told)
  }

  /** Something has happened to the run elsewhere: whoever watches it here looks again. */
  stir(run_id: string): void {
    this.#tell(run_id, null)
  }

  #tell(run_id: string, told: LiveEvent | null): void {
    const listeners = this.#listeners.get(run_id)
    if (listeners !== undefined) for (const listener of listeners) listener(told)
  }

  /** Returns how to stop listening. */
  listen(run_id: string, listener: LiveListener): () => void {
    const listeners = this.#listeners.get(run_id) ?? new Set()
    this.#listeners.set(run_id, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(run_id) === listeners) this.#listeners.delete(run_id)
    }
  }
}
