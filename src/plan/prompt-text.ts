/**
 * A prompt in its pieces. A document of 100 KB goes into every task of a run; as a piece it is escaped for JSON once, not
 * once per call, which is a tenth of what a call costs us.
 */
export class PromptText {
  readonly #pieces: string[] = []
  #json = ''
  #length = 0

  /** In UTF-16 units, as a string's. */
  get length(): number {
    return this.#length
  }

  /** The whole as a JSON string, quotes included. */
  get json(): string {
    return `"${this.#json}"`
  }

  add(text: string, escaped: string = escapeJson(text)): void {
    this.#pieces.push(text)
    this.#length += text.length
    this.#json += escaped
  }

  toString(): string {
    return this.#pieces.join('')
  }
}

/** What stands between the quotes when a text is written as JSON. Pieces escaped one by one read the same as escaped together. */
export const escapeJson = (text: string): string => JSON.stringify(text).slice(1, -1)

/** Escapes each text once and remembers it, by the object that it belongs to. */
export class EscapedOnce<Owner extends object> {
  readonly #known = new WeakMap<Owner, string>()

  of(owner: Owner, text: string): string {
    const known = this.#known.get(owner)
    if (known !== undefined) return known
    const escaped = escapeJson(text)
    this.#known.set(owner, escaped)
    return escaped
  }
}
