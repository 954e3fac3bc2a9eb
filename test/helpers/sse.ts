/** Head of a streamed answer whose body comes in chunks of HTTP. */
export const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n'
export const BODY_END = '0\r\n\r\n'
export const DONE = 'data: [DONE]\n\n'

/** One chunk of a chunked body. */
export const httpChunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

export const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`

/** An event that adds text, or whatever else `delta` holds. */
export const delta = (content: unknown, finish_reason: unknown = null): string =>
  event({ choices: [{ index: 0, delta: typeof content === 'string' ? { content } : content, finish_reason }] })

export const ROLE = delta({ role: 'assistant', content: null })
export const STOP = delta({}, 'stop')
export const USAGE = event({ choices: [], usage: { prompt_tokens: 12, completion_tokens: 3 } })

/** A whole streamed answer as bytes, all in one segment. */
export const streamAnswer = (...events: readonly string[]): string =>
  STREAM_HEAD + httpChunk(events.join('')) + BODY_END
