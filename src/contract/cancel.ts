/** Tells work in hand that nobody wants it any more. Lighter than an AbortSignal with a thousand listeners. */
export interface CancelSignal {
  readonly cancelled: boolean
  /** True when time ran out rather than that somebody gave the work up. */
  readonly timed_out?: boolean
  /** True when another call's answer was taken in place of this work's. */
  readonly overtaken?: boolean
  /** Calls back once on cancellation, at once if it has come already; returns a function that takes the request back. */
  onCancel(callback: () => void): () => void
}

/** Those who want to hear of one cancellation, in the order in which they asked; each hears of it once. */
export class CancelListeners {
  readonly #callbacks = new Set<() => void>()

  /** Calls back on `tell`, or at once when that has come: `cancelled`. Returns a function that takes the request back. */
  add(callback: () => void, cancelled: boolean): () => void {
    if (cancelled) {
      callback()
      return () => undefined
    }
    this.#callbacks.add(callback)
    return () => {
      this.#callbacks.delete(callback)
    }
  }

  tell(): void {
    for (const callback of this.#callbacks) callback()
    this.forget()
  }

  /** Nobody is told any more. */
  forget(): void {
    this.#callbacks.clear()
  }
}
