import type { ModelRequest } from './port.ts'

/** Workflows have a few dozen system messages; a caller cannot add to them. */
const MOST_REMEMBERED = 512

const WHOLE = '"stream":false'
/** Without `include_usage` a streamed answer has no token counts. */
const STREAMED = '"stream":true,"stream_options":{"include_usage":true}'

/** Writes chat completion requests for one served model. A system message is escaped once, not in every request. */
export class RequestBody {
  readonly #open: string
  readonly #systems = new Map<string, string>()

  constructor(served_model: string) {
    this.#open = `{"model":${JSON.stringify(served_model)},"messages":[`
  }

  write({ system, chat = null, user, max_tokens, temperature, on_delta }: ModelRequest): string {
    const stream = on_delta === null ? WHOLE : STREAMED
    const before = chat === null ? `{"role":"system","content":${this.#escape(system)}},` : chat.before_json
    const last = typeof user === 'string' ? JSON.stringify(user) : user.json
    const further = chat === null ? '' : chat.further_json
    return `${this.#open}${before}{"role":"user","content":${last}}],"max_tokens":${max_tokens},"temperature":${temperature},${stream}${further}}`
  }

  #escape(system: string): string {
    const known = this.#systems.get(system)
    if (known !== undefined) return known
    const escaped = JSON.stringify(system)
    if (this.#systems.size < MOST_REMEMBERED) this.#systems.set(system, escaped)
    return escaped
  }
}
