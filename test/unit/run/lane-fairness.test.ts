import { describe, expect, it, vi } from 'vitest'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { GpuBudget } from '../../../src/run/gpu-budget.ts'
import { Lane } from '../../../src/run/lane.ts'
import type { Claimant } from '../../../src/run/policy.ts'
import { claimant } from '../../helpers/fake-port.ts'
import { finish, withFakeTime } from '../../helpers/fake-time.ts'

const AGING = 15_000
const SECOND = 1000

interface Call {
  run: Claimant
  priority?: number
  rank?: number
  /** What it takes; `work` is what was expected, the same if left out. */
  took?: number
  work?: number
  /** False: it turns out that it cannot be sent. @default true */
  sent?: boolean
}

/** Lanes whose calls hold their permits as long as they say. Times since the start of the test. */
function ward(slots: Record<string, number>, gpu_max?: number) {
  const gpu = new GpuBudget(0, gpu_max)
  const lanes = new Map(Object.entries(slots).map(([model, count]) => [model, new Lane(model, count, gpu, AGING)]))
  const t0 = performance.now()
  const at = () => performance.now() - t0
  /** Resolves with when it got its permit and when it ended. */
  const call = async (
    model: string,
    { run, priority = 0, rank = 0, took = SECOND, work = took, sent = true }: Call,
  ) => {
    const lane = lanes.get(model) as Lane
    const deadline = performance.now() + 10_000_000
    const request = { claimant: run, priority, rank, work, deadline, cancel: new Cancellation() }
    expect(await lane.acquire(request)).toBe('granted')
    expect(gpu.busy).toBeLessThanOrEqual(gpu.max)
    expect(gpu.busy).toBe([...lanes.values()].reduce((sum, { busy }) => sum + busy, 0))
    const granted = at()
    await new Promise((resolve) => setTimeout(resolve, took))
    lane.release(request, took, sent)
    return { granted, ended: at() }
  }
  const runOf = (own: Partial<Claimant> = {}) => claimant({ start: performance.now(), ...own })
  return { gpu, lane: (model: string) => lanes.get(model) as Lane, call, runOf }
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at))
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms)

withFakeTime()

describe('a run of 200 calls', () => {
  it('does not either when its calls take several times as long as was expected', async () => {
    const { call, runOf, lane } = ward({ m: 1 })
    const expected = SECOND / 4
    const wide = runOf({ path: expected })
    const calls = times(100, () => call('m', { run: wide, rank: expected, work: expected, took: SECOND }))
    const small = []
    for (let n = 0; n < 10; n++) {
      await wait(5.5 * SECOND)
      const came = 5.5 * SECOND * (n + 1)
      const run = runOf({ path: expected })
      small.push(call('m', { run, rank: expected, work: expected, took: SECOND }).then(({ granted }) => granted - came))
    }
    // Each waits for the call in flight, and for no other one of the wide run.
    for (const waited of await finish(Promise.all(small))) expect(waited).toBeLessThanOrEqual(SECOND)
    await finish(Promise.all(calls))
    expect([lane('m').busy, lane('m').queued]).toEqual([0, 0])
  })

  it('does not hold up small runs of its class that come later', async () => {
    const { call, runOf, lane } = ward({ m: 2 })
    const wide = runOf({ path: SECOND })
    const calls = times(200, () => call('m', { run: wide, rank: SECOND }))
    await wait(20.5 * SECOND)
    const small = []
    for (let n = 0; n < 10; n++) {
      small.push(call('m', { run: runOf({ path: SECOND }), rank: SECOND }))
      await wait(5 * SECOND)
    }
    const done = await finish(Promise.all(small))
    // Each gets the next free permit: within the second that a call in flight lasts.
    for (const [n, { granted }] of done.entries()) expect(granted - (20.5 + 5 * n) * SECOND).toBeLessThanOrEqual(SECOND)
    const last = Math.max(...(await Promise.all(calls)).map(({ ended }) => ended))
    expect(last).toBe(105 * SECOND)
    expect([lane('m').busy, lane('m').queued]).toEqual([0, 0])
  })

  it('still ends while small runs keep coming: it ages as long as it is not served', async () => {
    const { call, runOf } = ward({ m: 1 })
    const wide = runOf({ path: SECOND })
    const first = Promise.all(times(5, () => call('m', { run: wide, rank: SECOND })))
    let coming = true
    void first.then(() => {
      coming = false
    })
    const small: Promise<unknown>[] = []
    for (let n = 0; coming && n < 1000; n++) {
      small.push(call('m', { run: runOf({ path: SECOND }), rank: SECOND }))
      await wait(SECOND)
    }
    expect(coming).toBe(false)
    await finish(Promise.all(small))
  })
})

describe('a call of low priority', () => {
  it('gets its permit although urgent ones keep coming: after one class per aging interval', async () => {
    const { call, runOf, lane } = ward({ m: 1 })
    let served = Number.POSITIVE_INFINITY
    const urgent = [call('m', { run: runOf(), priority: 5 }), call('m', { run: runOf(), priority: 5 })]
    const starving = call('m', { run: runOf(), priority: 1 }).then(({ granted }) => {
      served = granted
    })
    for (let second = 0; served === Number.POSITIVE_INFINITY && second < 300; second++) {
      await wait(SECOND)
      urgent.push(call('m', { run: runOf(), priority: 5 }))
    }
    await finish(Promise.all([starving, ...urgent]))
    // Four classes up; then it came before all that came since.
    expect(served).toBeGreaterThan(4 * AGING - 2 * SECOND)
    expect(served).toBeLessThanOrEqual(4 * AGING + 2 * SECOND)
    expect([lane('m').busy, lane('m').queued]).toEqual([0, 0])
  })
})

describe('a tenant with a thousand calls waiting', () => {
  it.each([
    ['one lane', { m: 2 }, undefined],
    ['lanes under the cap of their GPU', { m: 2, n: 2 }, 2],
  ])('delays a quiet one by no more than the calls in flight: %s', async (_, slots: Record<string, number>, max) => {
    const { call, runOf } = ward(slots, max)
    const models = Object.keys(slots)
    const noisy = times(1000, (n) =>
      call(models[n % models.length] as string, { run: runOf({ tenant: 'noisy' }), priority: 5, rank: 9000 }),
    )
    for (const moment of [10.5, 30.25, 77]) {
      const now = performance.now()
      await wait(moment * SECOND)
      const asked = (performance.now() - now) / SECOND
      expect(asked).toBe(moment)
      const quiet = call('m', { run: runOf({ tenant: 'quiet' }) })
      let got = false
      void quiet.then(() => {
        got = true
      })
      // A second for the calls in flight and one for its own.
      await wait(2 * SECOND)
      expect(got).toBe(true)
    }
    await finish(Promise.all(noisy))
  })

  it('gets as much GPU time as one whose calls are ten times as long', async () => {
    const { call, runOf, gpu } = ward({ m: 1, n: 1 }, 1)
    const got = { short: 0, long: 0 }
    const keep = (tenant: 'short' | 'long', model: string, took: number) =>
      times(1000, () =>
        call(model, { run: runOf({ tenant }), took }).then(() => {
          got[tenant] += took
        }),
      )
    const all = [...keep('short', 'm', 100), ...keep('long', 'n', SECOND)]
    for (let n = 0; n < 20; n++) {
      await wait(7 * SECOND)
      expect(Math.abs(got.short - got.long)).toBeLessThanOrEqual(2 * SECOND)
    }
    await finish(Promise.all(all))
    expect(gpu.busy).toBe(0)
  })

  it('pays for calls that take longer than was expected of them', async () => {
    const { call, runOf } = ward({ m: 1 })
    const got = { honest: 0, late: 0 }
    const keep = (tenant: 'honest' | 'late', took: number) =>
      times(500, () =>
        call('m', { run: runOf({ tenant }), took, work: SECOND }).then(() => {
          got[tenant] += took
        }),
      )
    const all = [...keep('late', 4 * SECOND), ...keep('honest', SECOND)]
    await wait(200 * SECOND)
    expect(Math.abs(got.late - got.honest)).toBeLessThanOrEqual(8 * SECOND)
    await finish(Promise.all(all))
  })
})

describe('a tenant whose calls could not be sent', () => {
  it('owes nothing for them: no GPU worked', async () => {
    const { call, runOf } = ward({ m: 1 })
    const unlucky = runOf({ tenant: 'unlucky' })
    const other = runOf({ tenant: 'other' })
    const first = call('m', { run: other })
    const refused = times(20, () => call('m', { run: unlucky, took: 0, work: SECOND, sent: false }))
    const others = times(10, () => call('m', { run: other }))
    await wait(1.5 * SECOND)
    // Ten calls of the other tenant stand before it if it has to pay for its twenty.
    const late = call('m', { run: unlucky })
    const { granted } = await finish(late)
    expect(granted).toBeLessThanOrEqual(3 * SECOND)
    await Promise.all([first, ...refused, ...others])
  })

  it('gets nothing back for permits that were free', async () => {
    const { call, runOf } = ward({ m: 1 })
    const saver = runOf({ tenant: 'saver' })
    const other = runOf({ tenant: 'other' })
    // Its permit is free and it holds it while both come to wait.
    const free = call('m', { run: saver, took: 10, work: 20 * SECOND, sent: false })
    const both = times(6, (at) => call('m', { run: at % 2 ? saver : other }))
    await finish(Promise.all([free, ...both]))
    const granted = (await Promise.all(both)).map((one) => one.granted)
    // In turns, the other one first: it is not held back by what the saver never had to pay.
    expect(granted).toEqual([...granted].sort((a, b) => a - b))
  })
})

describe('a lane that changes its size', () => {
  it('gives those who wait the new permits at once', async () => {
    const { call, runOf, lane } = ward({ m: 1 })
    const calls = times(5, () => call('m', { run: runOf() }))
    expect([lane('m').busy, lane('m').queued]).toEqual([1, 4])
    lane('m').resize(4)
    expect([lane('m').busy, lane('m').queued]).toEqual([4, 1])
    await finish(Promise.all(calls))
    expect(lane('m').busy).toBe(0)
  })

  it('gives no more than the cap of the GPU leaves', async () => {
    const { call, runOf, lane, gpu } = ward({ m: 1, n: 2 }, 3)
    const calls = [...times(5, () => call('m', { run: runOf() })), ...times(2, () => call('n', { run: runOf() }))]
    lane('m').resize(10)
    expect([lane('m').busy, lane('n').busy, gpu.busy]).toEqual([1, 2, 3])
    await finish(Promise.all(calls))
    expect(gpu.busy).toBe(0)
  })

  it('cuts nothing when it shrinks, and gives no permit until there is room again', async () => {
    const { call, runOf, lane } = ward({ m: 3 })
    const calls = [1, 2, 3, 1, 1].map((seconds) => call('m', { run: runOf(), took: seconds * SECOND }))
    lane('m').resize(1)
    expect([lane('m').busy, lane('m').queued, lane('m').hasRoom]).toEqual([3, 2, false])
    await wait(2 * SECOND)
    expect([lane('m').busy, lane('m').queued]).toEqual([1, 2])
    await wait(SECOND)
    expect([lane('m').busy, lane('m').queued]).toEqual([1, 1])
    const ended = (await finish(Promise.all(calls))).map((one) => one.ended / SECOND)
    expect(ended).toEqual([1, 2, 3, 4, 5])
  })
})
