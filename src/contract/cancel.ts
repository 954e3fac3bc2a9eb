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
