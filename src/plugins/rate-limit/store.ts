import { type Burst, type Counted, look, take } from './window.ts'

/** Callers counted at once; the least recently seen is forgotten first. */
const MAX_CALLERS = 10_000

/** Counts that replicas share. Rejects soon while they cannot be asked. */
export interface SharedCounts {
  /** As `take` and `look` of window.ts, for all replicas together. */
  take: (key: string, window_ms: number, max: number) => Promise<Counted>
  look: (key: string, window_ms: number) => Promise<Counted>
  /** Replicas last known to live, this one among them. */
  replicas: () => number
}

type Answer = (error: Error | null, counted?: Counted) => void

interface StoreOptions {
  max?: unknown
  timeWindow?: unknown
}

class OwnCounts {
  readonly #callers = new Map<string, Burst[]>()

  of(key: string): Burst[] {
    const bursts = this.#callers.get(key) ?? []
    this.#callers.delete(key)
    if (this.#callers.size >= MAX_CALLERS) this.#callers.delete(this.#callers.keys().next().value as string)
    this.#callers.set(key, bursts)
    return bursts
  }
}

/**
 * A store of @fastify/rate-limit whose window slides. With `shared` all replicas count together; while they cannot be asked, this one
 * allows its part of the limit, by what it has let through itself.
 */
export const storeOver = (shared: SharedCounts | null) =>
  class SlidingStore {
    readonly own = new OwnCounts()
    readonly space: string

    constructor(options: object) {
      const { max, timeWindow }: StoreOptions = options
      this.space = `${max}/${timeWindow}/`
    }

    incr(key: string, answer: Answer, window_ms: number, max: number): void {
      const bursts = this.own.of(key)
      const alone = (limit: number) => take(bursts, performance.now(), window_ms, limit)
      if (shared === null) {
        answer(null, alone(max))
        return
      }
      void shared.take(this.space + key, window_ms, max).then(
        (counted) => {
          if (counted.current <= max) alone(Number.POSITIVE_INFINITY)
          answer(null, counted)
        },
        () => answer(null, onShare(alone, max, shared.replicas())),
      )
    }

    read(key: string, answer: Answer, window_ms: number): void {
      const alone = () => look(this.own.of(key), performance.now(), window_ms)
      if (shared === null) answer(null, alone())
      else
        void shared.look(this.space + key, window_ms).then(
          (counted) => answer(null, counted),
          () => answer(null, alone()),
        )
    }

    child(options: object): SlidingStore {
      return new SlidingStore(options)
    }
  }

/** Counts against this replica's part of the limit, and tells the caller in terms of the whole. */
function onShare(alone: (limit: number) => Counted, max: number, replicas: number): Counted {
  const limit = Math.max(1, Math.floor(max / replicas))
  const { current, ttl } = alone(limit)
  return { current: current + max - limit, ttl }
}
