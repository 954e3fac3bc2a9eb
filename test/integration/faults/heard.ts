import { expect } from 'vitest'
import { readEvents } from '../../../src/cli/events.ts'
import type { ExecuteResponse } from '../../../src/contract/result.ts'
import { dataOf, type Told } from '../../helpers/stream.ts'
import type { Reply } from './exchange.ts'

/** What one request was answered with. `run` is null for a request that was refused before anything started. */
export interface Heard {
  reply: Reply
  run: ExecuteResponse | null
  /** The problem of an answer other than 200; null for 200. */
  problem: { code: string; detail: string; status: number } | null
  events: readonly Told[]
  elapsed_ms: number
}

/** An execute request. */
export type Body = object & { timeout_ms?: number; custom_tasks?: readonly object[] }

interface Timed {
  timeout_ms?: unknown
  dependencies?: unknown
}

/** A run of independent tasks is over when the slowest may end, whatever the run may take. In ms. */
export function deadlineOf({ timeout_ms = Number.POSITIVE_INFINITY, custom_tasks = [] }: Body): number {
  const own = (custom_tasks as readonly Timed[]).map((task) =>
    typeof task.timeout_ms === 'number' && task.dependencies === undefined ? task.timeout_ms : Number.POSITIVE_INFINITY,
  )
  return Math.min(timeout_ms, own.length > 0 ? Math.max(...own) : timeout_ms)
}

async function readStream(body: string): Promise<Told[]> {
  const events: Told[] = []
  for await (const { id, event, data } of readEvents(new Blob([body]).stream()))
    events.push({ id, event, data: JSON.parse(data) } as Told)
  return events
}

/** One end of the run, as its last word, and one of each task. */
function expectEachEndOnce(events: readonly Told[], run: ExecuteResponse): void {
  expect(events.filter(({ event }) => event === 'run.finished')).toHaveLength(1)
  expect(events.at(-1)?.event).toBe('run.finished')
  const ends = (['task.succeeded', 'task.failed', 'task.skipped'] as const).flatMap((kind) => dataOf(events, kind))
  expect(ends.map(({ task_id }) => task_id).sort()).toEqual(run.results.map(({ task_id }) => task_id).sort())
}

/** What an answer says, held to what holds for every answer. */
export async function understand(reply: Reply, elapsed_ms: number): Promise<Heard> {
  const streamed = reply.headers['content-type']?.includes('text/event-stream') ?? false
  const events = streamed ? await readStream(reply.body) : []
  const said = streamed ? events.at(-1)?.data : JSON.parse(reply.body)
  const answer = said as ExecuteResponse & { run?: ExecuteResponse; code?: string }
  const failed = answer.code !== undefined
  const run = failed ? (answer.run ?? null) : answer
  expect([200, 502, 503, 504]).toContain(reply.statusCode)
  for (const { status, content } of run?.results ?? [])
    if (status !== 'succeeded') expect(content, 'what is left of a failed answer').toBeNull()
  if (run !== null && streamed) expectEachEndOnce(events, run)
  return { reply, run, problem: failed ? (answer as unknown as Heard['problem']) : null, events, elapsed_ms }
}
