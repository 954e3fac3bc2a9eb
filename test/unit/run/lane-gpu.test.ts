import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { GpuBudget } from '../../../src/run/gpu-budget.ts'
import { Lane } from '../../../src/run/lane.ts'
import { claimant } from '../../helpers/fake-port.ts'
import { withFakeTime } from '../../helpers/fake-time.ts'

const AGING = 15_000
const ask = (lane: Lane, priority = 0, cancel = new Cancellation()) =>
  lane.acquire({ claimant: claimant(), priority, rank: 0, work: 0, deadline: performance.now() + 600_000, cancel })
const giveBack = (lane: Lane) => lane.release({ claimant: claimant(), work: 0 }, 0)

withFakeTime()

describe('lanes that share a GPU', () => {
  const pair = (max?: number) => {
    const gpu = new GpuBudget(0, max)
    return { gpu, a: new Lane('a', 2, gpu, AGING), b: new Lane('b', 2, gpu, AGING) }
  }

  it('fill their slots independently when the GPU has no cap', () => {
    const { gpu, a, b } = pair()
    for (const lane of [a, a, a, b, b, b]) void ask(lane)
    expect([a.busy, b.busy, gpu.busy]).toEqual([2, 2, 4])
  })

  it('together never pass the cap of the GPU', () => {
    const { gpu, a, b } = pair(3)
    for (const lane of [a, a, b, b]) void ask(lane)
    expect([a.busy, b.busy, gpu.busy, b.queued]).toEqual([2, 1, 3, 1])
  })

  it('hand a freed permit to a neighbour that waits', async () => {
    const { gpu, a, b } = pair(1)
    expect(ask(a)).toBe('granted')
    const waiting = ask(b)
    giveBack(a)
    expect(await waiting).toBe('granted')
    expect([a.busy, b.busy, gpu.busy]).toEqual([0, 1, 1])
  })

  it('hand it to the more urgent of their calls, whichever lane that waits in', () => {
    const { a, b } = pair(1)
    void ask(a)
    void ask(a, 1)
    void ask(b, 4)
    giveBack(a)
    expect([a.busy, b.busy]).toEqual([0, 1])
  })

  it('serve equal calls in the order in which they came, over all lanes', () => {
    const { a, b } = pair(1)
    void ask(a)
    // Calls that waited on one lane before must not make its later ones look late, or early.
    for (let i = 0; i < 3; i++) {
      void ask(a)
      giveBack(a)
    }
    void ask(a)
    void ask(b)
    void ask(a)
    giveBack(a)
    expect([a.busy, a.queued, b.busy, b.queued]).toEqual([1, 1, 0, 1])
    giveBack(a)
    expect([a.busy, a.queued, b.busy, b.queued]).toEqual([0, 1, 1, 0])
  })

  it('leave a permit unused rather than pass the slots of the lane that waits', () => {
    const gpu = new GpuBudget(0, 3)
    const a = new Lane('a', 1, gpu, AGING)
    const b = new Lane('b', 2, gpu, AGING)
    for (const lane of [a, a, b, b]) void ask(lane)
    giveBack(b)
    expect([a.busy, a.queued, b.busy, gpu.busy]).toEqual([1, 1, 1, 2])
  })
})

describe('the busy time of a GPU', () => {
  it('runs while at least one call is in flight, counted once however many there are', async () => {
    const gpu = new GpuBudget(0)
    const a = new Lane('a', 2, gpu, AGING)
    const b = new Lane('b', 1, gpu, AGING)
    expect(gpu.busyMs()).toBe(0)
    await vi.advanceTimersByTimeAsync(100)
    void ask(a)
    await vi.advanceTimersByTimeAsync(10)
    void ask(b)
    await vi.advanceTimersByTimeAsync(10)
    giveBack(a)
    await vi.advanceTimersByTimeAsync(10)
    expect(gpu.busyMs()).toBe(30)
    giveBack(b)
    await vi.advanceTimersByTimeAsync(100)
    expect(gpu.busyMs()).toBe(30)
    void ask(a)
    await vi.advanceTimersByTimeAsync(5)
    expect(gpu.busyMs()).toBe(35)
  })
})

describe('whatever happens on the lanes of a GPU', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('ask' as const), at: fc.nat({ max: 2 }), priority: fc.integer({ min: 0, max: 5 }) }),
    fc.record({ kind: fc.constant('release' as const), at: fc.nat({ max: 2 }), priority: fc.constant(0) }),
    fc.record({ kind: fc.constant('cancel' as const), at: fc.nat(), priority: fc.constant(0) }),
    fc.record({ kind: fc.constant('wait' as const), at: fc.nat({ max: 20_000 }), priority: fc.constant(0) }),
  )

  it('slots and cap hold, nobody waits while there is room, and in the end every permit is back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
        fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
        fc.array(step, { maxLength: 60 }),
        async (max, slots, steps) => {
          const gpu = new GpuBudget(0, max)
          const lanes = slots.map((count, at) => new Lane(`m${at}`, count, gpu, AGING))
          const cancels: Cancellation[] = []
          const granted = new Map<Lane, number>(lanes.map((lane) => [lane, 0]))
          const count = (lane: Lane, by: number) => granted.set(lane, (granted.get(lane) as number) + by)
          const check = () => {
            for (const lane of lanes) {
              expect(lane.busy).toBe(granted.get(lane))
              expect(lane.busy).toBeLessThanOrEqual(lane.slots)
              const room = lane.busy < lane.slots && gpu.busy < gpu.max
              expect(room && lane.queued > 0).toBe(false)
            }
            expect(gpu.busy).toBe(lanes.reduce((total, lane) => total + lane.busy, 0))
            expect(gpu.busy).toBeLessThanOrEqual(gpu.max)
          }
          const release = (lane: Lane) => {
            if (lane.busy === 0) return
            count(lane, -1)
            giveBack(lane)
          }
          for (const { kind, at, priority } of steps) {
            if (kind === 'ask') {
              const lane = lanes[at] as Lane
              const cancel = new Cancellation()
              cancels.push(cancel)
              const deadline = performance.now() + 30_000
              const request = { claimant: claimant(), priority, rank: at, work: at, deadline, cancel }
              void Promise.resolve(lane.acquire(request)).then((how) => how === 'granted' && count(lane, 1))
            } else if (kind === 'release') release(lanes[at] as Lane)
            else if (kind === 'cancel') cancels[at % Math.max(1, cancels.length)]?.cancel('cancelled')
            await vi.advanceTimersByTimeAsync(kind === 'wait' ? at : 0)
            check()
          }
          while (gpu.busy > 0) {
            for (const lane of lanes) release(lane)
            await vi.advanceTimersByTimeAsync(0)
            check()
          }
          expect(lanes.map(({ busy, queued }) => busy + queued)).toEqual([0, 0, 0])
          expect(vi.getTimerCount()).toBe(0)
        },
      ),
    )
  })
})
