import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { SignsOfLife } from '../../../src/archive/signs-of-life.ts'
import { StoreError } from '../../../src/store/errors.ts'

function begin(heartbeat: () => Promise<number>, inHand = new Set(['r'])) {
  vi.useFakeTimers()
  const warn = vi.fn()
  const beat = vi.fn<(owner: string, at: number) => Promise<number>>(heartbeat)
  const signs = new SignsOfLife({ store: { heartbeat: beat }, owner: 'me', now: () => 7, log: { warn }, inHand })
  onTestFinished(async () => {
    await signs.stop()
    vi.useRealTimers()
  })
  signs.start()
  return { signs, beat, warn, inHand }
}

describe('signs of life', () => {
  it('are given once a second, while there are runs in hand', async () => {
    const { beat, inHand } = begin(async () => 1)
    await vi.advanceTimersByTimeAsync(3500)
    expect(beat.mock.calls).toEqual(Array.from({ length: 3 }, () => ['me', 7]))
    inHand.clear()
    await vi.advanceTimersByTimeAsync(3000)
    expect(beat).toHaveBeenCalledTimes(3)
  })

  it('do not pile up at a store that does not answer', async () => {
    const { promise, resolve } = Promise.withResolvers<number>()
    const { beat } = begin(() => promise)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(beat).toHaveBeenCalledTimes(1)
    resolve(1)
    await vi.advanceTimersByTimeAsync(1000)
    expect(beat).toHaveBeenCalledTimes(2)
  })

  it('go on when the store is back, and say once that it was away', async () => {
    let away = true
    const { beat, warn } = begin(async () => {
      if (away) throw new StoreError('unavailable', 'gone')
      return 1
    })
    await vi.advanceTimersByTimeAsync(3000)
    away = false
    await vi.advanceTimersByTimeAsync(1000)
    expect(beat).toHaveBeenCalledTimes(4)
    expect(warn.mock.calls.map(([, message]) => message)).toEqual(['no sign of life could be given'])
  })

  it('end with a stop, after the one that is on its way', async () => {
    const { promise, resolve } = Promise.withResolvers<number>()
    const { signs, beat } = begin(() => promise)
    await vi.advanceTimersByTimeAsync(1000)
    const order: string[] = []
    const stopped = signs.stop().then(() => order.push('stopped'))
    await vi.advanceTimersByTimeAsync(5000)
    order.push('answered')
    resolve(1)
    await stopped
    expect(order).toEqual(['answered', 'stopped'])
    await vi.advanceTimersByTimeAsync(5000)
    expect(beat).toHaveBeenCalledTimes(1)
  })
})
