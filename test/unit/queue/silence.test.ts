import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { SilenceWatch } from '../../../src/queue/silence.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

function watch(ping: () => Promise<unknown>) {
  const seen = { pings: 0, silent: 0 }
  const one = new SilenceWatch(
    25,
    () => {
      seen.pings++
      return ping()
    },
    () => {
      seen.silent++
    },
  )
  return { watch: one, seen }
}
const never = () => new Promise<never>(() => undefined)

it('asks Redis when work takes long, and calls it silent when that is not answered either', async () => {
  const { watch: one, seen } = watch(never)
  one.begin()
  await vi.advanceTimersByTimeAsync(9)
  expect(seen).toEqual({ pings: 0, silent: 0 })
  await vi.advanceTimersByTimeAsync(25)
  expect(seen).toEqual({ pings: 1, silent: 0 })
  await vi.advanceTimersByTimeAsync(2)
  expect(seen).toEqual({ pings: 1, silent: 1 })
  one.stop()
})

it('takes slow work for no silence while pings are answered', async () => {
  const { watch: one, seen } = watch(() => Promise.resolve())
  const done = one.begin()
  await vi.advanceTimersByTimeAsync(1000)
  expect(seen.pings).toBeGreaterThan(5)
  expect(seen.silent).toBe(0)
  done()
  await vi.advanceTimersByTimeAsync(1000)
  expect(vi.getTimerCount()).toBe(0)
})

it('does not blame Redis for a time in which this process did not run', async () => {
  const { watch: one, seen } = watch(never)
  one.begin()
  await vi.advanceTimersByTimeAsync(10)
  expect(seen.pings).toBe(1)
  // The loop was blocked: the clock has moved on, the next look comes late and is one look all the same.
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 500)
  await vi.advanceTimersByTimeAsync(24)
  expect(seen.silent).toBe(0)
  await vi.advanceTimersByTimeAsync(3)
  expect(seen.silent).toBe(1)
  one.stop()
})
