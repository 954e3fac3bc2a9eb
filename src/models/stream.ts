import { type CheckedAnswer, checkAnswer } from './completion.ts'
import type { BodyReader, Headers, Reading } from './exchange.ts'
import { failure } from './failure.ts'
import { parseJson } from './json.ts'
import { type Defect, readChunk, readError } from './stream-chunk.ts'
import { EventReader, type StreamedEvent } from './stream-events.ts'
import { StreamText } from './stream-text.ts'

const CUT: Defect = {
  code: 'bad_upstream_response',
  message: 'The streamed answer of the model server ended before its end mark.',
  transient: true,
}
const NO_EVENT: Defect = {
  code: 'bad_upstream_response',
  message: 'The streamed answer of the model server holds something else than events.',
}

const isEventStream = (type: Headers[string]): boolean =>
  typeof type === 'string' && /^text\/event-stream\s*(?:;|$)/i.test(type.trim())

/** Reads one streamed chat completion and hands its text on. Used once, from sending on. */
export class AnswerStream implements BodyReader {
  readonly #hear: (delta: string) => void
  readonly #sentAt = performance.now()
  readonly #events = new EventReader((event) => this.#take(event))
  readonly #text = new StreamText()
  #taken = false
  /** Something has come since the last look. */
  #alive = false
  /** The first piece has come: from now on the next one is due in time. */
  #begun = false
  #ended = false
  #defect: Defect | null = null
  #firstTokenMs: number | null = null
  #finish: unknown
  #usage: unknown

  constructor(hear: (delta: string) => void) {
    this.#hear = hear
  }

  /** Whether the answer came as a stream; a server may ignore that it was asked for one. */
  get taken(): boolean {
    return this.#taken
  }

  takes(status: number, headers: Headers): boolean {
    const encoding = headers['content-encoding'] ?? 'identity'
    this.#taken = status === 200 && encoding === 'identity' && isEventStream(headers['content-type'])
    return this.#taken
  }

  read(bytes: Buffer): Reading {
    this.#alive = false
    this.#events.feed(bytes)
    if (this.#defect !== null) return 'failed'
    if (this.#ended) return 'ended'
    return this.#begun && this.#alive ? 'alive' : 'quiet'
  }

  /** The checked answer, or why there is none; to be asked when nothing more is read. */
  result(max_tokens: number, latency_ms: number): CheckedAnswer {
    const defect = this.#defect ?? (this.#ended ? null : CUT)
    if (defect !== null) {
      const { code, ...details } = defect
      return failure(code, latency_ms, details)
    }
    const { content, warnings } = this.#text
    const parts = { content, finish_reason: this.#finish, usage: this.#usage, warnings }
    return checkAnswer(parts, max_tokens, { latency_ms, first_token_ms: this.#firstTokenMs })
  }

  #take({ kind, data }: StreamedEvent): void {
    if (this.#ended || this.#defect !== null) return
    if (kind === 'unknown') this.#defect = NO_EVENT
    else if (kind === 'error') this.#defect = readError(errorIn(data))
    else if (data === '[DONE]') {
      this.#say(this.#text.end())
      this.#ended = true
    } else this.#add(data)
  }

  #add(data: string): void {
    const piece = readChunk(data)
    if ('code' in piece) {
      this.#defect = piece
      return
    }
    this.#alive ||= piece.alive
    this.#begun ||= piece.alive
    this.#finish = piece.finish_reason ?? this.#finish
    this.#usage = piece.usage ?? this.#usage
    if (piece.text !== '') this.#say(this.#text.push(piece.text))
  }

  #say(text: string): void {
    if (text === '') return
    this.#firstTokenMs ??= performance.now() - this.#sentAt
    this.#hear(text)
  }
}

/** The error itself, whether it is the data or a member of it. */
function errorIn(data: string): unknown {
  const told = parseJson(data) as { error?: unknown } | null | undefined
  return told?.error ?? told
}
