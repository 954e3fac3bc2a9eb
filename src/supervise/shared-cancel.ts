import type { CancelSignal } from '../contract/cancel.ts'

/** One caller's signal for many runs, one after the other: the caller's own is listened to once. */
export class SharedCancel implements CancelSignal {
  readonly #signal: CancelSignal
  readonly #callbacks = new Set<() => void>()
  readonly #forget: () => void

  constructor(signal: CancelSignal) {
    this.#signal = signal
    this.#forget = signal.onCancel(() => {
      for (const callback of this.#callbacks) callback()
      this.#callbacks.clear()
    })
  }

  get cancelled(): boolean {
    return this.#signal.cancelled
  }

  onCancel(callback: () => void): () => void {
    if (this.cancelled) {
      callback()
      return () => undefined
    }
    this.#callbacks.add(callback)
    return () => {
      this.#callbacks.delete(callback)
    }
  }

  /** No run is left. */
  close(): void {
    this.#forget()
    this.#callbacks.clear()
  }
}
