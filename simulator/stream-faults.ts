import type { Fault } from './faults.ts'
import { event } from './render.ts'

/** What goes out in a streamed answer, one write each, and what happens after the last. */
export interface EventStream {
  writes: readonly Buffer[]
  /** `cut`: the connection closes without the end of the chunked body. `stall`: nothing happens any more. */
  ending: 'end' | 'cut' | 'stall'
}

const SERVER_ERROR = JSON.stringify({ error: { code: 500, message: 'Simulated failure', type: 'server_error' } })
const GIANT_BYTES = 8 * 1024 * 1024

/** Cuts an event inside each character that takes several bytes, so that no write holds the whole of it. */
function splitCharacters(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = []
  let from = 0
  for (let at = 1; at < bytes.length; at++) {
    // A continuation byte: 10xxxxxx.
    if (((bytes[at] ?? 0) & 0xc0) !== 0x80) continue
    parts.push(bytes.subarray(from, at))
    from = at
  }
  return [...parts, bytes.subarray(from)]
}

/** The events of an answer (`[DONE]` last), as a `stream` fault changes them. */
export function distortStream(events: readonly Buffer[], fault: Fault | null): EventStream {
  const half = events.slice(0, Math.ceil(events.length / 2))
  if (fault?.kind !== 'stream') return { writes: events, ending: 'end' }
  switch (fault.variant) {
    case 'cut':
      return { writes: half, ending: 'cut' }
    case 'stall':
      return { writes: half, ending: 'stall' }
    case 'error':
      // In the shape of llama.cpp, which ends the stream in good order afterwards.
      return { writes: [...half, event(SERVER_ERROR), ...events.slice(-1)], ending: 'end' }
    case 'no_done':
      return { writes: events.slice(0, -1), ending: 'end' }
    case 'bad_chunk':
      return { writes: [...half, event('{"choices": [{oops'), ...events.slice(half.length)], ending: 'end' }
    case 'split_utf8':
      return { writes: events.flatMap(splitCharacters), ending: 'end' }
    case 'crlf':
      return { writes: events.map((bytes) => Buffer.from(bytes.toString().replaceAll('\n', '\r\n'))), ending: 'end' }
    case 'comments':
      return { writes: events.flatMap((bytes) => [Buffer.from(': keep-alive\n\n'), bytes]), ending: 'end' }
    case 'giant_line': {
      const giant = event(JSON.stringify({ choices: [{ index: 0, delta: { content: 'a'.repeat(GIANT_BYTES) } }] }))
      return { writes: [...half, giant, ...events.slice(half.length)], ending: 'end' }
    }
  }
}
