export type LinkState = 'shared' | 'settling' | 'away'

export interface LinkListener {
  /** The state has changed; `from` is what it was. */
  changed?: (state: LinkState, from: LinkState) => void
  /** Once a second while Redis can be asked, and at once when it can be again. */
  tick?: () => void
  /** Once a second, whatever the state. */
  pulse?: () => void
}

/** What the link is now, and who wants to know. */
export class LinkStates {
  /** False until the link has been `shared` for the first time. */
  everShared = false
  #now: LinkState = 'away'
  #awaySince = performance.now()
  readonly #everSeen = Promise.withResolvers<void>()
  readonly #listeners: LinkListener[] = []

  get now(): LinkState {
    return this.#now
  }

  /** On the clock of performance.now(): when it went away last. */
  get awaySince(): number {
    return this.#awaySince
  }

  listen(listener: LinkListener): void {
    this.#listeners.push(listener)
  }

  enter(state: LinkState): void {
    const from = this.#now
    if (state === 'shared') {
      this.everShared = true
      this.#everSeen.resolve()
    }
    if (from === state) return
    if (state === 'away') this.#awaySince = performance.now()
    this.#now = state
    for (const { changed } of this.#listeners) changed?.(state, from)
  }

  tick(): void {
    for (const { tick } of this.#listeners) tick?.()
  }

  pulse(): void {
    for (const { pulse } of this.#listeners) pulse?.()
  }

  /** Resolves when it is shared for the first time, or after `timeout_ms`. Never rejects. */
  async settled(timeout_ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeout_ms)
    })
    await Promise.race([this.#everSeen.promise, timeout])
    clearTimeout(timer)
  }
}
