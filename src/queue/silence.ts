const STEP_MS = 10
/** A timer that comes later than this says that the machine is busy, and Redis may be waiting for a processor as we were. */
const LATE_MS = 3
/** But not for so long. */
const BUSY_PATIENCE_MS = 500
/** After a pause like this we have not been running ourselves: whether Redis was silent nobody knows. */
const STOPPED_MS = 100

/** After so many steps without an answer Redis is asked whether it is there. */
const SUSPECT_AFTER = 2

/**
 * Notices that Redis does not answer. Work that takes long is no sign of it, it may be of several commands and slow on our
 * side; so then a ping goes out, and silence is when that is not answered.
 */
export class SilenceWatch {
  readonly #patience: number
  readonly #ping: () => Promise<unknown>
  readonly #onSilence: () => void
  #working = 0
  /** Steps without an end of any work; then, while a ping is out, without an answer to it. */
  #missed = 0
  #pinged = false
  /** Since when the ping is out, while this process was running. */
  #since = 0
  #due = 0
  #timer: NodeJS.Timeout | undefined

  /** `silence_ms`: how long a ping may take. */
  constructor(silence_ms: number, ping: () => Promise<unknown>, onSilence: () => void) {
    this.#patience = Math.max(1, Math.round(silence_ms / STEP_MS))
    this.#ping = ping
    this.#onSilence = onSilence
  }

  /** Work begins; returns what to call when it has ended. */
  begin(): () => void {
    if (this.#working++ === 0) this.#heard()
    if (this.#timer === undefined) this.#arm()
    return () => {
      this.#working--
      this.#heard()
    }
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #heard(): void {
    if (!this.#pinged) this.#missed = 0
  }

  #arm(): void {
    this.#due = performance.now() + STEP_MS
    this.#timer = setTimeout(() => this.#step(), STEP_MS)
  }

  #step(): void {
    this.#timer = undefined
    if (this.#working === 0 && !this.#pinged) return
    const now = performance.now()
    const late = now - this.#due
    this.#missed = late > LATE_MS ? 0 : this.#missed + 1
    if (late > STOPPED_MS) this.#since = now
    if (!this.#pinged && (this.#missed >= SUSPECT_AFTER || late > LATE_MS)) this.#ask()
    // Its answer may lie in the socket, unread: that is read before this is looked at.
    else if (this.#isSilent) setImmediate(() => this.#judge())
    this.#arm()
  }

  #ask(): void {
    this.#pinged = true
    this.#missed = 0
    this.#since = performance.now()
    const answered = () => {
      this.#pinged = false
      this.#missed = 0
    }
    // A connection that fails says so itself.
    void this.#ping().then(answered, answered)
  }

  get #isSilent(): boolean {
    if (!this.#pinged) return false
    return this.#missed >= this.#patience || performance.now() - this.#since >= BUSY_PATIENCE_MS
  }

  #judge(): void {
    if (this.#isSilent) this.#onSilence()
  }
}
