import { CancelListeners, type CancelSignal } from '../contract/cancel.ts'

/** One caller's signal for many runs, one after the other: the caller's own is listened to once. */
export class SharedCancel implements CancelSignal {
  readonly #signal: CancelSignal
  readonly #listeners = new CancelListeners()
  readonly #forget: () => void

  constructor(signal: CancelSignal) {
    this.#signal = signal
    this.#forget = signal.onCancel(() => this.#listeners.tell())
  }

  get cancelled(): boolean {
    return this.#signal.cancelled
  }

  onCancel(callback: () => void): () => void {
    return this.#listeners.add(callback, this.cancelled)
  }

  /** No run is left. */
  close(): void {
    this.#forget()
    this.#listeners.forget()
  }
}
