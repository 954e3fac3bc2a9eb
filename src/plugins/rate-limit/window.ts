/** Requests that came close together, counted as one. */
export interface Burst {
  first: number
  last: number
  count: number
}

export interface Counted {
  /** Requests in the window that ends now, this one among them; above the limit: it is one too many, and not counted. */
  current: number
  /** Ms until the first of them leave the window. */
  ttl: number
}

/** A burst lasts a twentieth of the window at most: a list stays short, and a place comes back that much late at most. */
const BURSTS_PER_WINDOW = 20

/**
 * Counts a request if there is room for it. The window slides: in no span of its length, wherever it begins, are more than `max`
 * counted. A burst leaves when its last request does. Changes `bursts`.
 */
export function take(bursts: Burst[], now: number, window_ms: number, max: number): Counted {
  const { current, ttl } = look(bursts, now, window_ms)
  if (current >= max) return { current: current + 1, ttl }
  const newest = bursts.at(-1)
  if (newest !== undefined && now - newest.first < window_ms / BURSTS_PER_WINDOW) {
    newest.count++
    newest.last = now
  } else bursts.push({ first: now, last: now, count: 1 })
  return look(bursts, now, window_ms)
}

/** What is counted now. Drops what has left the window. */
export function look(bursts: Burst[], now: number, window_ms: number): Counted {
  while (bursts[0] !== undefined && now - bursts[0].last >= window_ms) bursts.shift()
  const current = bursts.reduce((sum, { count }) => sum + count, 0)
  return { current, ttl: bursts[0] === undefined ? 0 : bursts[0].last + window_ms - now }
}
