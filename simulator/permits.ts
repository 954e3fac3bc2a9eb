/** The slots of a model server and the queue in front of them, first come, first served. */
export interface Permits {
  /** Calls `start` when a slot is free, at once if one is. Returns what gives the slot, or the place in the queue, back. */
  acquire(start: () => void): () => void
}

export function createPermits(slots: number): Permits {
  let free = slots
  // A Set keeps insertion order and lets any waiter leave in O(1).
  const queue = new Set<() => void>()

  // A call that ends at once gives its slot back inside `next()`: the loop takes it up, where recursion would run deep.
  let handingOut = false
  const release = (): void => {
    free++
    if (handingOut) return
    handingOut = true
    for (const next of queue) {
      if (free === 0) break
      free--
      queue.delete(next)
      next()
    }
    handingOut = false
  }
  return {
    acquire: (start) => {
      let state: 'waiting' | 'holding' | 'done' = 'waiting'
      const begin = (): void => {
        state = 'holding'
        start()
      }
      const giveUp = (): void => {
        if (state === 'waiting') queue.delete(begin)
        const held = state === 'holding'
        state = 'done'
        if (held) release()
      }
      if (free === 0) queue.add(begin)
      else {
        free--
        begin()
      }
      return giveUp
    },
  }
}
