import { randomUUID } from 'node:crypto'

/**
 * A UUID of version 7 (RFC 9562), the time in ms and then 74 random bits: ids in order are documents in the order in which
 * they were added, on any database.
 * @param at epoch ms
 */
export function newDocumentId(at: number): string {
  const time = at.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}
