import { describe, expect, test, vi } from 'vitest'
import { watchStore } from '../../../src/archive/store-health.ts'
import { StoreError } from '../../../src/errors.ts'

/** A store that answers as it is told, and a clock that stands still. */
function arranged(limitMs = 10_000) {
  const changes: (string | null)[] = []
  const clock = { now: 0 }
  const ping = vi.fn<() => Promise<void>>(async () => undefined)
  const tryWrite = vi.fn<() => Promise<void>>(async () => undefined)
  const health = watchStore({
    store: { ping, tryWrite },
    onChange: (reason) => changes.push(reason),
    now: () => clock.now,
    limitMs,
  })
  return { changes, clock, ping, tryWrite, health }
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

  test.each([
    ['full', 'The store of runs is full.'],
    ['corrupt', 'The store of runs is damaged.'],
    ['unavailable', 'The store of runs takes no writes.'],
  ] as const)(
    'is not there after a call that failed with %s, though it answers, until a write succeeds',
    async (fault, sentence) => {
      const { health, tryWrite, clock, changes } = arranged()
      expect(await health.reason()).toBeNull()
      tryWrite.mockRejectedValue(new StoreError(fault, 'JANE-ROE'))
      health.failed(fault)
      for (let n = 0; n < 2; n++) {
        clock.now += 1000
        expect(await health.reason()).toBe(sentence)
      }
      tryWrite.mockResolvedValue(undefined)
      clock.now += 1000
      expect(await health.reason()).toBeNull()
      expect(changes).toEqual([sentence, null])
      const tried = tryWrite.mock.calls.length
      clock.now += 1000
      expect(await health.reason()).toBeNull()
      expect(tryWrite).toHaveBeenCalledTimes(tried)
    },
  )

  test('writes nothing for its own sake while nothing has failed, nor after what says nothing of the disk', async () => {
    const { health, tryWrite, clock } = arranged()
    await health.reason()
    for (const fault of ['busy', 'bad_cursor', 'unstorable', 'key_missing'] as const) {
      health.failed(fault)
      clock.now += 1000
      expect(await health.reason()).toBeNull()
    }
    expect(tryWrite).not.toHaveBeenCalled()
  })

  test('what fails while a write is tried counts again', async () => {
    const { health, tryWrite, clock } = arranged()
    health.failed('full')
    tryWrite.mockImplementationOnce(async () => health.failed('full'))
    expect(await health.reason()).toBeNull()
    clock.now += 1000
    await health.reason()
    expect(tryWrite).toHaveBeenCalledTimes(2)
  })
})
