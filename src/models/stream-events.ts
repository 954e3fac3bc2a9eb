import { createParser, type EventSourceParser } from 'eventsource-parser'

export interface StreamedEvent {
  /** `error`: the server says so by the event's name or, as older llama.cpp does, by a field of its own. */
  kind: 'data' | 'error' | 'unknown'
  data: string
}

/**
 * Reads server-sent events from bytes as they arrive, cut anywhere. Bytes that are not UTF-8 become U+FFFD. Fields that the
 * standard does not know are told, not skipped: behind a damaged `data:` there was text. Buffers without a bound of its
 * own: who feeds it counts the bytes.
 */
export class EventReader {
  readonly #decoder = new TextDecoder()
  readonly #parser: EventSourceParser
  #line = ''

  constructor(tell: (event: StreamedEvent) => void) {
    this.#parser = createParser({
      onEvent: ({ event, data }) => tell({ kind: event === 'error' ? 'error' : 'data', data }),
      onError: ({ type, field, value }) => {
        if (type !== 'invalid-retry') tell({ kind: field?.trim() === 'error' ? 'error' : 'unknown', data: value ?? '' })
      },
    })
  }

  feed(bytes: Buffer): void {
    const text = this.#decoder.decode(bytes, { stream: true })
    // Half a line that can become no known field would be dropped by the parser without a word.
    const end = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1
    if (end === 0) {
      this.#line += text
      return
    }
    const lines = this.#line + text.slice(0, end)
    this.#line = text.slice(end)
    this.#parser.feed(lines)
  }
}
