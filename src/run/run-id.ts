import { randomUUID } from 'node:crypto'

/**
 * A UUID of version 7 (RFC 9562): the time in ms, then 74 random bits. Ids that grow let a database write its index at the
 * end, not on another page for each run.
 */
export function newRunId(now: number = Date.now()): string {
  const time = now.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}
