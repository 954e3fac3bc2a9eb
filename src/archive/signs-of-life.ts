import type { Logger } from 'pino'
import { safeError } from '../contract/safe-error.ts'
import type { Store } from '../store/port.ts'

const EVERY_MS = 1000

export interface SignsOfLifeParts {
  store: Pick<Store, 'heartbeat'>
  /** Id of this process. */
  owner: string
  now: () => number
  log: Pick<Logger, 'warn'>
  /** Ids of the runs that this process works on; while there are none nobody asks whether it lives. */
  inHand: ReadonlySet<string>
}

/**
 * Touches the runs of this process once a second. By a timer of its own: whoever takes over many runs, or waits for a slow answer
 * to another question, lives all the same.
 */
export class SignsOfLife {
  readonly #parts: SignsOfLifeParts
  #timer: NodeJS.Timeout | null = null
  #giving: Promise<void> | null = null
  #failing = false

  constructor(parts: SignsOfLifeParts) {
    this.#parts = parts
  }

  start(): void {
    this.#timer = setInterval(() => this.#giveOne(), EVERY_MS).unref()
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#giving
  }

  /** One at a time: a store that does not answer is not asked again meanwhile. */
  #giveOne(): void {
    if (this.#parts.inHand.size === 0) return
    this.#giving ??= this.#give().finally(() => {
      this.#giving = null
    })
  }

  async #give(): Promise<void> {
    const { store, owner, now, log } = this.#parts
    try {
      await store.heartbeat(owner, now())
      this.#failing = false
    } catch (error) {
      // Said once, given again with the next second.
      if (!this.#failing) log.warn({ failure: safeError(error) }, 'no sign of life could be given')
      this.#failing = true
    }
  }
}
