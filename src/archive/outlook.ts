import type { Store } from '../store/port.ts'
import type { Progress } from '../store/records.ts'
import { isPassing } from './patience.ts'

/** For runs of other processes, and in case a notice was lost. */
const LOOK_AGAIN_MS = 1000

interface Waiting {
  tenant: string
  run_id: string
  /** Number of the last event that it knows. */
  known: number
  wake: () => void
}

/** Looks out for all who watch a run here: one question a second to the store, however many they are. None while nobody waits. */
export class Outlook {
  readonly #store: Pick<Store, 'progress'>
  readonly #waiting = new Set<Waiting>()
  #timer: NodeJS.Timeout | null = null
  #isLooking = false

  constructor(store: Pick<Store, 'progress'>) {
    this.#store = store
  }

  /** Calls `wake` within about a second after the run has told more than `known`, has ended or is gone. Returns how to stop. */
  wait(waiting: Waiting): () => void {
    this.#waiting.add(waiting)
    this.#goOn()
    return () => {
      this.#waiting.delete(waiting)
      if (this.#waiting.size > 0 || this.#timer === null) return
      clearTimeout(this.#timer)
      this.#timer = null
    }
  }

  #goOn(): void {
    if (this.#waiting.size === 0 || this.#isLooking) return
    this.#timer ??= setTimeout(() => void this.#look(), LOOK_AGAIN_MS)
  }

  async #look(): Promise<void> {
    this.#timer = null
    this.#isLooking = true
    const waiting = [...this.#waiting]
    try {
      const found = await this.#store.progress([...new Map(waiting.map((one) => [keyOf(one), one])).values()])
      const byKey = new Map(found.map((one) => [keyOf(one), one]))
      for (const one of waiting) if (hasNews(one, byKey.get(keyOf(one)))) one.wake()
    } catch (error) {
      // Whoever looks for itself meets what does not pass.
      if (!isPassing(error)) for (const { wake } of waiting) wake()
    } finally {
      this.#isLooking = false
      this.#goOn()
    }
  }
}

const hasNews = ({ known }: Waiting, run: Progress | undefined): boolean =>
  run === undefined || run.finished_at !== null || run.last_event_id > known

const keyOf = ({ tenant, run_id }: { tenant: string; run_id: string }): string => JSON.stringify([tenant, run_id])
