import type { ModelRequest } from './port.ts'

/** Workflows have a few dozen system messages; a caller cannot add to them. */
const MOST_REMEMBERED = 512

/** Writes chat completion requests for one served model. A system message is escaped once, not in every request. */
export class RequestBody {
  readonly #head: string
  readonly #systems = new Map<string, string>()

  constructor(served_model: string) {
    this.#head = `{"model":${JSON.stringify(served_model)},"messages":[{"role":"system","content":`
  }

  write({ system, user, max_tokens, temperature }: ModelRequest): string {
    return `${this.#head}${this.#escape(system)}},{"role":"user","content":${typeof user === 'string' ? JSON.stringify(user) : user.json}}],"max_tokens":${max_tokens},"temperature":${temperature},"stream":false}`
  }

  #escape(system: string): string {
    const known = this.#systems.get(system)
    if (known !== undefined) return known
    const escaped = JSON.stringify(system)
    if (this.#systems.size < MOST_REMEMBERED) this.#systems.set(system, escaped)
    return escaped
  }
}
