import { describe, expect, it } from 'vitest'
import { type SharedCounts, storeOver } from '../../../../src/plugins/rate-limit/store.ts'
import type { Counted } from '../../../../src/plugins/rate-limit/window.ts'

const WINDOW = 60_000
const away = (replicas: number): SharedCounts => ({
  take: () => Promise.reject(new Error('away')),
  look: () => Promise.reject(new Error('away')),
  replicas: () => replicas,
})
const open = (shared: SharedCounts | null, max: number) => {
  const store = new (storeOver(shared))({ max, timeWindow: WINDOW })
  return {
    take: (key: string) =>
      new Promise<number>((resolve, reject) => {
        store.incr(key, (error, counted) => (error ? reject(error) : resolve(counted?.current ?? 0)), WINDOW, max)
      }),
  }
}
const allowed = async (take: (key: string) => Promise<number>, key: string, tries: number, max: number) => {
  let count = 0
  for (let i = 0; i < tries; i++) if ((await take(key)) <= max) count++
  return count
}

describe('the counts of a rate limit', () => {
  it('are kept apart by caller', async () => {
    const { take } = open(null, 2)
    expect(await allowed(take, 'a', 5, 2)).toBe(2)
    expect(await allowed(take, 'b', 5, 2)).toBe(2)
  })

  it('allow a replica its part of the limit while the shared ones cannot be asked', async () => {
    const { take } = open(away(3), 10)
    expect(await allowed(take, 'a', 20, 10)).toBe(3)
  })

  it('allow one at least, with fewer than one for each', async () => {
    const { take } = open(away(5), 2)
    expect(await allowed(take, 'a', 20, 2)).toBe(1)
  })

  it('remember what was let through before the shared ones went away', async () => {
    let there = true
    let current = 0
    const counts: SharedCounts = {
      take: async (): Promise<Counted> => {
        if (!there) throw new Error('away')
        return { current: ++current, ttl: WINDOW }
      },
      look: () => Promise.reject(new Error('not asked')),
      replicas: () => 2,
    }
    const { take } = open(counts, 10)
    expect(await allowed(take, 'a', 4, 10)).toBe(4)
    there = false
    expect(await allowed(take, 'a', 10, 10)).toBe(1)
  })
})
