import { Queue, type QueueOptions } from 'bullmq'
import { type RedisLink, TICK_MS } from './link.ts'

/** How long Redis keeps a permit whose holder gives no sign of life. */
export const LOCK_MS = 3000
/** Kept by BullMQ for whoever reads its event streams; nobody does here. */
const EVENTS_KEPT = 10

/** Only while Redis is there: BullMQ waits for it without end. */
export function openQueue(link: RedisLink, name: string): Queue {
  // The settings of a worker: this is one without its loop, its timers and its blocking connection.
  const settings: QueueOptions & { lockDuration: number; stalledInterval: number; maxStalledCount: number } = {
    connection: link.redis,
    prefix: link.prefix,
    skipVersionCheck: true,
    streams: { events: { maxLen: EVENTS_KEPT } },
    lockDuration: LOCK_MS,
    stalledInterval: TICK_MS - 100,
    maxStalledCount: Number.MAX_SAFE_INTEGER,
  }
  const queue = new Queue(name, settings)
  // The link hears of the same errors and acts on them.
  queue.on('error', () => undefined)
  return queue
}

/** Of BullMQ's answers those that say: this job is not (or no longer) what you take it for. */
const isStale = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && [-1, -2, -3, -6].includes(error.code as number)

/** Null for a job that is not (or no longer) what it was taken for. */
export async function unlessStale<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (isStale(error)) return null
    throw error
  }
}

/** What BullMQ says of the next job: [data, id, …], with 0 or nothing where there is none. */
export function idOf(next: unknown): string | null {
  const id = Array.isArray(next) ? next[1] : null
  return typeof id === 'string' && id !== '0' ? id : null
}
