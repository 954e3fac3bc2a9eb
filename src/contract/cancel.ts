/** Tells work in hand that nobody wants it any more. Lighter than an AbortSignal with a thousand listeners. */
export interface CancelSignal {
  readonly cancelled: boolean
  /** Calls back once on cancellation, at once if it has come already; returns a function that takes the request back. */
  onCancel(callback: () => void): () => void
}
