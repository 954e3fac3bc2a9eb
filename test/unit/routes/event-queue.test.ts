import { describe, expect, it } from 'vitest'
import { EventQueue } from '../../../routes/v1/workflows/event-queue.ts'
import { readEvents } from '../../../src/cli/events.ts'
import type { RunEvent } from '../../../src/contract/events.ts'

const ALL = Number.POSITIVE_INFINITY
const delta = (task_id: string, text: string, attempt = 1): RunEvent => ({
  event: 'task.delta',
  data: { task_id, attempt, delta: text },
})
const retried = (task_id: string, attempt: number, discard: boolean): RunEvent => ({
  event: 'task.retried',
  data: { task_id, attempt, code: 'upstream_error', discard, at_ms: 1 },
})
const done = (task_id: string): RunEvent => ({
  event: 'task.succeeded',
  data: { task_id, model: 'm', latency_ms: 1, truncated: false, at_ms: 1 },
})

const filled = (...events: RunEvent[]) => {
  const queue = new EventQueue()
  for (const event of events) queue.push(event)
  return queue
}

async function read(text: string) {
  const events: { id: string | null; event: string; data: unknown }[] = []
  for await (const sent of readEvents(new Blob([text]).stream())) events.push({ ...sent, data: JSON.parse(sent.data) })
  return events
}

/** Events in short: the task, then the text of a delta or the name of what else it is. */
const brief = async (text: string) =>
  (await read(text)).map(({ event, data }) => {
    const { task_id, attempt, delta: piece } = data as { task_id: string; attempt: number; delta?: string }
    return piece === undefined ? `${task_id} ${event}` : `${task_id}${attempt} ${piece}`
  })

describe('waiting deltas', () => {
  it('of one attempt become one event, whatever other tasks tell in between', async () => {
    const queue = filled(delta('a', 'x'), delta('b', '1'), delta('a', 'y'), done('b'), delta('a', 'z'))
    expect(await brief(queue.take(ALL))).toEqual(['a1 xyz', 'b1 1', 'b task.succeeded'])
  })

  it('keep their place before what their own task tells next', async () => {
    const queue = filled(delta('a', 'x'), retried('a', 1, false), delta('a', 'y'), done('a'))
    expect(await brief(queue.take(ALL))).toEqual(['a1 x', 'a task.retried', 'a1 y', 'a task.succeeded'])
  })

  it('of another attempt stay apart', async () => {
    const queue = filled(delta('a', 'x', 1), delta('a', 'y', 2), delta('a', 'z', 2), delta('a', 'w', 1))
    expect(await brief(queue.take(ALL))).toEqual(['a1 x', 'a2 yz', 'a1 w'])
  })

  it('do not grow once they are taken', async () => {
    const queue = filled(delta('a', 'x'))
    const first = queue.take(ALL)
    queue.push(delta('a', 'y'))
    expect(await brief(first + queue.take(ALL))).toEqual(['a1 x', 'a1 y'])
  })

  it('leave the event of who pushed it as it was', () => {
    const mine = delta('a', 'x')
    filled(mine, delta('a', 'y'))
    expect(mine.data).toMatchObject({ delta: 'x' })
  })

  it('join characters that were cut in two', async () => {
    const [high = '', low = ''] = ['😀'.slice(0, 1), '😀'.slice(1)]
    expect(await brief(filled(delta('a', high), delta('a', low)).take(ALL))).toEqual(['a1 😀'])
  })

  it('of a discarded attempt are thrown away, and no others', async () => {
    const queue = filled(delta('a', 'bad'), delta('b', 'good'), delta('a', 'other', 2), delta('a', 'bad too'))
    queue.push(retried('a', 1, true))
    queue.push(delta('a', 'new', 2))
    expect(await brief(queue.take(ALL))).toEqual(['b1 good', 'a2 other', 'a task.retried', 'a2 new'])
  })

  it('stay when their attempt is retried without being discarded', async () => {
    expect(await brief(filled(delta('a', 'x'), retried('a', 1, false)).take(ALL))).toEqual(['a1 x', 'a task.retried'])
  })
})

describe('what is taken', () => {
  it('is numbered without gaps, also where events were thrown away', async () => {
    const queue = filled(delta('a', 'x'), delta('b', 'y'))
    const first = queue.take(1)
    for (const event of [delta('a', 'bad', 2), retried('a', 2, true), done('b')]) queue.push(event)
    const events = await read(first + queue.take(1) + queue.take(ALL))
    expect(events.map(({ id }) => id)).toEqual(['1', '2', '3', '4'])
  })

  it('is no more than needed, in order', async () => {
    const queue = filled(done('a'), done('b'), done('c'))
    expect(await brief(queue.take(1))).toEqual(['a task.succeeded'])
    expect(await brief(queue.take(ALL))).toEqual(['b task.succeeded', 'c task.succeeded'])
    expect(queue.take(ALL)).toBe('')
  })
})

describe('the numbers of a history', () => {
  const idsIn = async (text: string) => (await read(text)).map(({ id, event }) => `${id} ${event}`)

  it('are kept as they are, and what no history keeps has none', async () => {
    const queue = new EventQueue()
    queue.push(done('a'), 7)
    queue.push(delta('b', 'x'), null)
    queue.push(delta('b', 'y'), null)
    queue.push(done('b'), 8)
    const text = queue.take(ALL)
    expect(text.match(/^id: .*$/gm)).toEqual(['id: 7', 'id: 8'])
    expect(await idsIn(text)).toEqual(['7 task.succeeded', 'null task.delta', '8 task.succeeded'])
  })

  it('are counted on by an event that comes without one', async () => {
    const queue = new EventQueue()
    queue.push(done('a'), 41)
    queue.push({ event: 'run.finished', data: {} })
    expect(await idsIn(queue.take(ALL))).toEqual(['41 task.succeeded', '42 run.finished'])
  })

  it('do not move when a delta is thrown away', async () => {
    const queue = new EventQueue()
    queue.push(done('b'), 1)
    queue.push(delta('a', 'bad'), null)
    queue.push(retried('a', 1, true), 2)
    expect(await idsIn(queue.take(ALL))).toEqual(['1 task.succeeded', '2 task.retried'])
  })
})

describe('the bytes that wait', () => {
  it('grow with the text in UTF-8 and end at 0 when all is taken', () => {
    const queue = filled(delta('a', 'x'))
    const one = queue.bytes
    queue.push(delta('a', '患'.repeat(1000)))
    expect(queue.bytes - one).toBe(3000)
    queue.push(done('a'))
    queue.take(1)
    expect(queue.bytes).toBeGreaterThan(0)
    queue.take(ALL)
    expect(queue.bytes).toBe(0)
  })

  it('shrink by what is thrown away', () => {
    const queue = filled(delta('a', 'x'.repeat(5000)), delta('b', 'y'))
    queue.push(retried('a', 1, true))
    expect(queue.bytes).toBeLessThan(1000)
    queue.take(ALL)
    expect(queue.bytes).toBe(0)
  })

  it('leave out the first and the last event of a run', () => {
    expect(filled({ event: 'run.finished', data: { text: 'x'.repeat(1e6) } }).bytes).toBe(0)
  })
})
