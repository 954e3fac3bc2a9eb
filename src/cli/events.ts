/** One server-sent event. */
export interface SentEvent {
  id: string | null
  event: string
  data: string
}

/** The fields of one event block; null when it holds no data (a comment that keeps the connection alive). */
function parseBlock(block: string): SentEvent | null {
  let id: string | null = null
  let event = 'message'
  const data: string[] = []
  for (const line of block.split('\n')) {
    // "s": JSON may hold U+2028, which ends no line here but stops a plain dot.
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (field === 'event') event = value
    else if (field === 'data') data.push(value)
    else if (field === 'id') id = value
  }
  return data.length === 0 ? null : { id, event, data: data.join('\n') }
}

/**
 * Reads a `text/event-stream` body (WHATWG HTML, server-sent events). Gives whole events only: one that the end of the
 * body cuts off is dropped, as the standard says. Rejects when the connection breaks.
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<SentEvent> {
  const decoder = new TextDecoder()
  let buffer = ''
  for await (const chunk of body) {
    // A chunk may end between \r and \n: a \r at the end waits for the next one.
    buffer = (buffer + decoder.decode(chunk, { stream: true })).replaceAll(/\r\n|\r(?!$)/g, '\n')
    for (let end = buffer.indexOf('\n\n'); end !== -1; end = buffer.indexOf('\n\n')) {
      const event = parseBlock(buffer.slice(0, end))
      buffer = buffer.slice(end + 2)
      if (event) yield event
    }
  }
}
