import type { ModelRequest } from './port.ts'

/** Workflows have a few dozen system messages; a caller cannot add to them. */
const MOST_REMEMBERED = 512

const WHOLE = '"stream":false'
/** Without `include_usage` a streamed answer has no token counts. */
const STREAMED = '"stream":true,"stream_options":{"include_usage":true}'

/** Writes chat completion requests for one served model. A system message is escaped once, not in every request. */
export class RequestBody {
  readonly #head: string
  readonly #systems = new Map<string, string>()

  constructor(served_model: string) {
    this.#head = `{"model":${JSON.stringify(served_model)},"messages":[{"role":"system","content":`
  }

  write({ system, user, max_tokens, temperature, on_delta }: ModelRequest): string {
    const stream = on_delta === null ? WHOLE : STREAMED
    return `${this.#head}${this.#escape(system)}},{"role":"user","content":${typeof user === 'string' ? JSON.stringify(user) : user.json}}],"max_tokens":${max_tokens},"temperature":${temperature},${stream}}`
  }

  #escape(system: string): string {
    const known = this.#systems.get(system)
    if (known !== undefined) return known
    const escaped = JSON.stringify(system)
    if (this.#systems.size < MOST_REMEMBERED) this.#systems.set(system, escaped)
    return escaped
  }
}
