import { setTimeout as pause } from 'node:timers/promises'
import { StoreError, type StoreFault } from '../store/errors.ts'

const PASSING: ReadonlySet<StoreFault> = new Set(['unavailable', 'busy', 'full'])
const FIRST_MS = 50
/** While a store is away a try costs next to nothing, and what is not recorded would be done again after a kill. */
const LONGEST_MS = 500

export const isPassing = (error: unknown): error is StoreError =>
  error instanceof StoreError && PASSING.has(error.fault)

export interface Patience {
  /** On the clock of performance.now(): no new try after it. */
  until: number
  /** Hears of every failure that is tried again. */
  onTrouble: (error: StoreError) => void
}

/**
 * Does what the store could not do just now again and again, with growing pauses. `landed` asks whether a write that
 * failed was committed after all: null when it was not. Throws what does not pass, and the last failure when time is up.
 */
export async function persist<T>(
  write: () => Promise<T>,
  landed: () => Promise<T | null>,
  patience: Patience,
): Promise<T> {
  for (let wait = FIRST_MS; ; wait = Math.min(wait * 2, LONGEST_MS)) {
    try {
      return await write()
    } catch (error) {
      if (!isPassing(error) || performance.now() + wait > patience.until) throw error
      patience.onTrouble(error)
    }
    await pause(wait)
    try {
      const done = await landed()
      if (done !== null) return done
    } catch (error) {
      if (!isPassing(error)) throw error
    }
  }
}
