/** Ids of ours. Whatever else a caller asks for by id is that caller's text. */
export const OWN_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/

/**
 * A UUID of version 7 (RFC 9562): the time in ms, then 74 random bits. Ids that grow let a database write its index at the
 * end, not on another page for each run; and ids in order are things in the order in which they were made, on any database.
 * @param at epoch ms
 * @param random a UUID of version 4, which is used for nothing else
 */
export function ownId(at: number, random: string): string {
  const time = at.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`
}
