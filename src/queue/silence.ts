/** Between two looks at what is open. One that comes late on a busy machine counts as one: Redis may have had no processor either. */
const LOOK_MS = 5
/** After so many looks without an answer Redis is asked whether it is there. */
const SUSPECT_AFTER = 2

/**
 * Notices that Redis does not answer. Work that takes long is no sign of it, it may be of several commands and slow on our
 * side; so then a ping goes out, and silence is when that is not answered. Time is counted in looks: while this process did not
 * run, nobody knows whether Redis was silent.
 */
export class SilenceWatch {
  readonly #patience: number
  readonly #ping: () => Promise<unknown>
  readonly #onSilence: () => void
  #working = 0
  /** Looks without an end of any work; then, while a ping is out, without an answer to it. */
  #missed = 0
  #pinged = false
  #timer: NodeJS.Timeout | undefined

  /** `silence_ms`: how long a ping may take. */
  constructor(silence_ms: number, ping: () => Promise<unknown>, onSilence: () => void) {
    this.#patience = Math.max(1, Math.round(silence_ms / LOOK_MS))
    this.#ping = ping
    this.#onSilence = onSilence
  }

  /** Work begins; returns what to call when it has ended. */
  begin(): () => void {
    if (this.#working++ === 0) this.#heard()
    this.#timer ??= setTimeout(() => this.#look(), LOOK_MS)
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

  #look(): void {
    this.#timer = undefined
    if (this.#working === 0 && !this.#pinged) return
    this.#missed++
    if (!this.#pinged && this.#missed >= SUSPECT_AFTER) this.#ask()
    // Its answer may lie in the socket, unread: that is read before this is looked at.
    else if (this.#isSilent) setImmediate(() => this.#judge())
    this.#timer = setTimeout(() => this.#look(), LOOK_MS)
  }

  #ask(): void {
    this.#pinged = true
    this.#missed = 0
    const answered = () => {
      this.#pinged = false
      this.#missed = 0
    }
    // A connection that fails says so itself.
    void this.#ping().then(answered, answered)
  }

  get #isSilent(): boolean {
    return this.#pinged && this.#missed >= this.#patience
  }

  #judge(): void {
    if (this.#isSilent) this.#onSilence()
  }
}
