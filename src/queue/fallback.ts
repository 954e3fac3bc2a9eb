/** What was true of one queue when Redis went away. */
interface Last {
  slots: number
  /** Permits that this replica held, those that it was giving back among them. */
  held: number
  /** Permits that nobody held, as last heard. */
  free: number
  /** Whether calls waited, as last heard. */
  full: boolean
}

export interface Place {
  /** Replicas last known to live, this one among them. */
  replicas: number
  /** This one's place among them, from 0. */
  rank: number
}

/** So long nobody takes more than was free: calls of other replicas may still be in flight on what they held. */
const CAUTIOUS_MS = 3000

const partOf = (whole: number, { replicas, rank }: Place): number =>
  Math.floor(whole / replicas) + (rank < whole % replicas ? 1 : 0)

/**
 * Calls that a replica may have in flight by itself. Its part of the slots, but one at least, so that every replica
 * goes on working: with fewer slots than replicas that is more than the slots, never more than one each. At first it also
 * keeps to what it held and, if nobody waited, its part of what was free. So a lane in which calls waited stays within its slots while other
 * replicas' calls end; one in which nobody waited takes one more at once, because nobody shall wait for Redis.
 */
export function fallbackLimit({ slots, held, free, full }: Last, place: Place, away_ms: number): number {
  const part = Math.max(1, partOf(slots, place))
  if (away_ms >= CAUTIOUS_MS) return part
  const room = full ? 0 : Math.max(1, partOf(Math.max(0, free), place))
  return Math.min(part, held + room)
}

/** Keeps what is needed for the limit of every queue, and computes it. */
export class FallbackShare {
  readonly #last = new Map<string, Last & { since: number }>()
  readonly #place: () => Place

  constructor(place: () => Place) {
    this.#place = place
  }

  /** Redis went away. */
  begin(queue: string, last: Last): void {
    this.#last.set(queue, { ...last, since: performance.now() })
  }

  limit(queue: string, slots: number): number {
    const last = this.#last.get(queue) ?? { slots, held: 0, free: slots, full: false, since: performance.now() }
    return fallbackLimit({ ...last, slots }, this.#place(), performance.now() - last.since)
  }
}
