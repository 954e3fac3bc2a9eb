import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { SilenceWatch } from '../../../src/queue/silence.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function watch(ping: () => Promise<unknown>) {
  const seen = { pings: 0, silent: 0 }
  const one = new SilenceWatch(
    40,
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
  await vi.advanceTimersByTimeAsync(19)
  expect(seen).toEqual({ pings: 0, silent: 0 })
  await vi.advanceTimersByTimeAsync(40)
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
  await vi.advanceTimersByTimeAsync(50)
  expect(seen.pings).toBe(1)
  // The loop was blocked: the clock has moved on, the timer fires late.
  const now = performance.now()
  const clock = vi.spyOn(performance, 'now').mockReturnValue(now + 500)
  await vi.advanceTimersByTimeAsync(10)
  clock.mockRestore()
  await vi.advanceTimersByTimeAsync(30)
  expect(seen.silent).toBe(0)
  one.stop()
})
