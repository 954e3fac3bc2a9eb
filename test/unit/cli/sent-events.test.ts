import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readEvents, type SentEvent } from '../../../src/cli/events.ts'

const body = (...chunks: (string | Uint8Array)[]): ReadableStream<Uint8Array> =>
  ReadableStream.from(chunks.map((chunk) => (typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk)))

async function read(stream: ReadableStream<Uint8Array>): Promise<SentEvent[]> {
  const events: SentEvent[] = []
  for await (const event of readEvents(stream)) events.push(event)
  return events
}

const STREAM = 'id: 1\r\nevent: task.queued\r\ndata: {"a":1}\r\n\r\n: heartbeat\n\nid:2\ndata: größer\ndata:zwei\n\n'

const EVENTS = [
  { id: '1', event: 'task.queued', data: '{"a":1}' },
  { id: '2', event: 'message', data: 'größer\nzwei' },
]

describe('a stream of events', () => {
  test('gives id, name and data, and skips comments', async () => {
    expect(await read(body(STREAM))).toEqual(EVENTS)
  })

  test('reads the same wherever the network cuts it', async () => {
    const bytes = new TextEncoder().encode(STREAM)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 8 }), async (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
        const chunks = at.slice(1).map((end, index) => bytes.slice(at[index], end))
        expect(await read(body(...chunks))).toEqual(EVENTS)
      }),
    )
  })

  test('drops an event that its end cuts off', async () => {
    expect(await read(body('data: whole\n\ndata: half'))).toEqual([{ id: null, event: 'message', data: 'whole' }])
  })
})
