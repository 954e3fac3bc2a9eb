import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { VirtualGpu, VirtualLane } from '../../../bench/simulation/lane.ts'
import { AGING_MS, policies } from '../../../bench/simulation/policies.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { GpuBudget } from '../../../src/run/gpu-budget.ts'
import { Lane } from '../../../src/run/lane.ts'
import type { Claimant } from '../../../src/run/policy.ts'
import { withFakeTime } from '../../helpers/fake-time.ts'

interface Call {
  gap: number
  lane: number
  run: number
  priority: number
  rank: number
  work: number
  took: number
}
interface Grant {
  call: number
  at: number
}
/** Lanes as a driver sees them. `granted` is called in the order of the permits. */
interface Desk {
  acquire: (call: Call, claimant: Claimant, now: number, granted: () => void) => void
  release: (call: Call, claimant: Claimant, now: number) => void
  advance: (ms: number) => Promise<unknown>
}
type Build = (slots: number, gpu_max: number) => Desk

const LANES = [0, 1]

const realLanes: Build = (slots, gpu_max) => {
  const gpu = new GpuBudget(0, gpu_max)
  const lanes = LANES.map((at) => new Lane(`m${at}`, slots, gpu, AGING_MS))
  return {
    acquire: ({ lane, ...call }, claimant, _now, granted) => {
      const deadline = performance.now() + 10_000_000
      const answer = (lanes[lane] as Lane).acquire({ ...call, claimant, deadline, cancel: new Cancellation() })
      if (answer === 'granted') granted()
      else void (answer as Promise<string>).then(granted)
    },
    release: ({ lane, work, took }, claimant) => (lanes[lane] as Lane).release({ claimant, work }, took),
    advance: (ms) => vi.advanceTimersByTimeAsync(ms),
  }
}

const virtualLanes: Build = (slots, gpu_max) => {
  const gpu = new VirtualGpu(gpu_max)
  const lanes = LANES.map(() => new VirtualLane(slots, gpu, policies.ours))
  return {
    acquire: ({ lane, ...call }, claimant, now, granted) =>
      (lanes[lane] as VirtualLane).acquire({ ...call, claimant, start: granted }, now),
    release: ({ lane, work, took }, claimant, now) =>
      (lanes[lane] as VirtualLane).release({ claimant, work }, took, now),
    advance: () => Promise.resolve(),
  }
}

/** Sends the calls one after the other, ends each when it has taken its time, and tells who got permits when. */
async function drive(calls: readonly Call[], { acquire, release, advance }: Desk): Promise<Grant[]> {
  const grants: Grant[] = []
  const flights: { call: number; end: number }[] = []
  const claimants = new Map<number, Claimant>()
  let now = 0
  let arrived = 0
  let arrival = calls[0]?.gap ?? 0
  const claimantOf = (run: number): Claimant => claimants.get(run) as Claimant
  while (arrived < calls.length || flights.length > 0) {
    flights.sort((a, b) => a.end - b.end || a.call - b.call)
    const [first] = flights
    const isEnd = first !== undefined && (arrived === calls.length || first.end <= arrival)
    const then = isEnd ? first.end : arrival
    await advance(then - now)
    now = then
    if (isEnd) {
      flights.shift()
      const call = calls[first.call] as Call
      release(call, claimantOf(call.run), now)
    } else {
      const index = arrived++
      const call = calls[index] as Call
      if (!claimants.has(call.run))
        claimants.set(call.run, { tenant: `t${call.run % 2}`, start: now, path: 4000, given: 0 })
      arrival += calls[arrived]?.gap ?? 0
      acquire(call, claimantOf(call.run), now, () => {
        grants.push({ call: index, at: now })
        flights.push({ call: index, end: now + call.took })
      })
    }
    await advance(0)
  }
  return grants
}

withFakeTime()

const anyCalls = fc.array(
  fc.record({
    gap: fc.nat({ max: 1500 }),
    lane: fc.constantFrom(...LANES),
    run: fc.nat({ max: 9 }),
    priority: fc.integer({ min: 0, max: 5 }),
    rank: fc.nat({ max: 20_000 }),
    work: fc.integer({ min: 500, max: 6000 }),
    took: fc.integer({ min: 500, max: 6000 }),
  }),
  { minLength: 30, maxLength: 60 },
)

test('the lanes of the simulation give the same permits at the same times as those of the service', async () => {
  await fc.assert(
    fc.asyncProperty(anyCalls, fc.integer({ min: 1, max: 2 }), fc.boolean(), async (calls, slots, capped) => {
      const gpu_max = capped ? slots : Number.POSITIVE_INFINITY
      const real = await drive(calls, realLanes(slots, gpu_max))
      expect(real).toHaveLength(calls.length)
      expect(await drive(calls, virtualLanes(slots, gpu_max))).toEqual(real)
    }),
    { numRuns: 60 },
  )
})
