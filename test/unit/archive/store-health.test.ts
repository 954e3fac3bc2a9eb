import { describe, expect, test, vi } from 'vitest'
import { watchStore } from '../../../src/archive/store-health.ts'
import { StoreError } from '../../../src/errors.ts'

/** A store that answers as it is told, and a clock that stands still. */
function arranged(limitMs = 10_000) {
  const changes: (string | null)[] = []
  const clock = { now: 0 }
  const ping = vi.fn<() => Promise<void>>(async () => undefined)
  const health = watchStore({
    store: { ping },
    onChange: (reason) => changes.push(reason),
    now: () => clock.now,
    limitMs,
  })
  return { changes, clock, ping, health }
}
const lost = () => Promise.reject(new StoreError('unavailable', 'JANE-ROE'))

describe('the health of the store', () => {
  test('is asked for once a second at most, by however many', async () => {
    const { health, ping, clock } = arranged()
    expect(await Promise.all([health.reason(), health.reason()])).toEqual([null, null])
    clock.now = 999
    expect(await health.reason()).toBeNull()
    expect(ping).toHaveBeenCalledTimes(1)
    clock.now = 1000
    await health.reason()
    expect(ping).toHaveBeenCalledTimes(2)
  })

  test('tells why, in words of ours, and each change once', async () => {
    const { health, ping, clock, changes } = arranged()
    for (const answer of [lost, lost, async () => undefined, async () => undefined]) {
      ping.mockImplementation(answer)
      clock.now += 1000
      await health.reason()
    }
    expect(changes).toEqual(['The store of runs cannot be reached.', null])
  })

  test('calls a store that does not answer lost, does not ask it again meanwhile, and takes it back', async () => {
    const { health, ping, clock, changes } = arranged(5)
    let answer: () => void = () => undefined
    ping.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)))
    expect(await health.reason()).toBe('The store of runs does not answer in time.')
    clock.now = 5000
    expect(await health.reason()).toBe('The store of runs does not answer in time.')
    expect(ping).toHaveBeenCalledTimes(1)
    answer()
    clock.now = 10_000
    expect(await health.reason()).toBeNull()
    expect(changes).toHaveLength(2)
  })

  test('survives a fault that is none of the store’s', async () => {
    const { health, ping } = arranged()
    ping.mockRejectedValue(new TypeError('JANE-ROE'))
    expect(await health.reason()).toBe('The store of runs fails.')
  })
})
