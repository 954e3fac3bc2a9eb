const STEP_MS = 10
/** A timer that comes later than this says that we were not running ourselves: whether Redis was silent nobody knows. */
const LATE_MS = 10

/** Notices that commands are not answered. Any answer shows that Redis is alive, because it answers in order. */
export class SilenceWatch {
  readonly #steps: number
  readonly #onSilence: () => void
  #waiting = 0
  #missed = 0
  #due = 0
  #timer: NodeJS.Timeout | undefined

  constructor(silence_ms: number, onSilence: () => void) {
    this.#steps = Math.max(1, Math.round(silence_ms / STEP_MS))
    this.#onSilence = onSilence
  }

  /** A command goes out; returns what to call when it has been answered. */
  begin(): () => void {
    if (this.#waiting++ === 0) this.#missed = 0
    if (this.#timer === undefined) this.#arm()
    let open = true
    return () => {
      if (!open) return
      open = false
      this.#waiting--
      this.#missed = 0
    }
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #arm(): void {
    this.#due = performance.now() + STEP_MS
    this.#timer = setTimeout(() => this.#step(), STEP_MS)
  }

  #step(): void {
    this.#timer = undefined
    if (this.#waiting === 0) return
    const inTime = performance.now() - this.#due <= LATE_MS
    this.#missed = inTime ? this.#missed + 1 : 0
    // Answers may lie in the socket, unread: they come before this is looked at.
    setImmediate(() => {
      if (this.#missed >= this.#steps && this.#waiting > 0) {
        this.#missed = 0
        this.#onSilence()
      }
    })
    this.#arm()
  }
}
