import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { Cancellation } from '../../src/run/cancellation.ts'
import type { Admission, AdmissionRequest, LanePort } from '../../src/run/lane-port.ts'
import { claimant, permitRequest } from '../helpers/fake-port.ts'
import { type LaneSubject, laneKinds, until } from './lane-subjects.ts'

const giveBack = (lane: LanePort) => lane.release(permitRequest(), 0)

/** A diary of who got a permit, or what else became of the wait. */
function diaryOf(lane: LanePort) {
  const diary: string[] = []
  const ask = (name: string, own: Partial<AdmissionRequest> = {}) => {
    void Promise.resolve(lane.acquire(permitRequest(own))).then((admission: Admission) =>
      diary.push(admission === 'granted' ? name : `${name} ${admission}`),
    )
  }
  const has = (...names: string[]) => until(() => diary.length >= names.length, `${names} in ${diary}`)
  return { diary, ask, has }
}

describe.each(laneKinds)('$name', ({ open }) => {
  let subject: LaneSubject | null = null
  const lanesOf = async (slots: readonly number[], gpu_max?: number) => {
    subject = await open(slots, gpu_max)
    return subject.lanes as [LanePort, LanePort]
  }
  afterEach(() => subject?.close())

  it('gives as many permits as it has slots, and each freed one to one that waits', async () => {
    const [lane] = await lanesOf([2])
    const { diary, ask, has } = diaryOf(lane)
    for (const name of ['a', 'b', 'c', 'd']) ask(name)
    await has('a', 'b')
    expect([lane.busy, lane.queued, lane.slots, lane.permits]).toEqual([2, 2, 2, 2])
    giveBack(lane)
    await has('a', 'b', 'c')
    expect([lane.busy, lane.queued]).toEqual([2, 1])
    giveBack(lane)
    await has('a', 'b', 'c', 'd')
    expect(diary).toEqual(['a', 'b', 'c', 'd'])
    giveBack(lane)
    giveBack(lane)
    expect([lane.busy, lane.queued]).toEqual([0, 0])
  })

  it('serves the higher class first, then the longer path, then first come', async () => {
    const [lane] = await lanesOf([1])
    const { diary, ask, has } = diaryOf(lane)
    ask('holder')
    await has('holder')
    ask('low', { rank: 9000 })
    ask('short', { priority: 3, rank: 1000 })
    ask('long', { priority: 3, rank: 5000 })
    ask('long, later', { priority: 3, rank: 5000 })
    ask('urgent', { priority: 5 })
    const order = ['holder', 'urgent', 'long', 'long, later', 'short', 'low']
    for (let served = 2; served <= order.length; served++) {
      giveBack(lane)
      await has(...order.slice(0, served))
    }
    expect(diary).toEqual(order)
  })

  it('gives nothing to a wait that was cancelled, or is over by its deadline, and keeps nothing back for it', async () => {
    const [lane] = await lanesOf([1])
    const { diary, ask, has } = diaryOf(lane)
    const cancel = new Cancellation()
    ask('holder')
    await has('holder')
    ask('gone', { cancel, priority: 5 })
    ask('late', { deadline: performance.now() + 20, priority: 5 })
    ask('next')
    cancel.cancel('cancelled')
    await has('holder', 'gone', 'late')
    giveBack(lane)
    await has('holder', 'gone', 'late', 'next')
    expect(diary).toEqual(['holder', 'gone cancelled', 'late deadline', 'next'])
    expect([lane.busy, lane.queued]).toEqual([1, 0])
    giveBack(lane)
    ask('again')
    await has('holder', 'gone', 'late', 'next', 'again')
  })

  it('refuses at once what is cancelled or late already', async () => {
    const [lane] = await lanesOf([1])
    const cancel = new Cancellation()
    cancel.cancel('cancelled')
    expect(await lane.acquire(permitRequest({ cancel }))).toBe('cancelled')
    expect(await lane.acquire(permitRequest({ deadline: performance.now() }))).toBe('deadline')
    expect([lane.busy, lane.queued]).toEqual([0, 0])
  })

  it('gives more permits when its server has more slots, and lets calls end when it has fewer', async () => {
    const [lane] = await lanesOf([1])
    const { ask, has } = diaryOf(lane)
    for (const name of ['a', 'b', 'c', 'd']) ask(name)
    await has('a')
    lane.resize(3)
    await has('a', 'b', 'c')
    expect([lane.slots, lane.busy, lane.queued]).toEqual([3, 3, 1])
    lane.resize(1)
    giveBack(lane)
    giveBack(lane)
    expect([lane.busy, lane.queued]).toEqual([1, 1])
    giveBack(lane)
    await has('a', 'b', 'c', 'd')
    expect(lane.busy).toBe(1)
  })

  it('hands out a permit that is free without a wait, and none that is not', async () => {
    const [lane] = await lanesOf([1])
    expect(await lane.tryTake(permitRequest())).toBe(true)
    expect(lane.busy).toBe(1)
    expect(await lane.tryTake(permitRequest())).toBe(false)
    const { ask, has } = diaryOf(lane)
    ask('next')
    giveBack(lane)
    await has('next')
    expect(await lane.tryTake(permitRequest())).toBe(false)
    expect(lane.busy).toBe(1)
  })

  it('keeps to the cap of its GPU together with its neighbour, which gets what it frees', async () => {
    const [a, b] = await lanesOf([2, 2], 3)
    const [first, second] = [diaryOf(a), diaryOf(b)]
    first.ask('a1')
    first.ask('a2')
    await first.has('a1', 'a2')
    second.ask('b1')
    second.ask('b2')
    await second.has('b1')
    expect([a.busy, b.busy, b.queued, a.gpu.busy]).toEqual([2, 1, 1, 3])
    giveBack(a)
    await second.has('b1', 'b2')
    expect([a.busy, b.busy, a.gpu.busy]).toEqual([1, 2, 3])
  })

  it('is full for a tenant that fills it, not for another', async () => {
    const [lane] = await lanesOf([1])
    const { ask, has } = diaryOf(lane)
    const noisy = claimant({ tenant: 'noisy' })
    for (const name of ['a', 'b', 'c']) ask(name, { claimant: noisy })
    await has('a')
    expect(lane.isFullFor('noisy', 2)).toBe(true)
    expect(lane.isFullFor('quiet', 2)).toBe(false)
  })

  const step = fc.oneof(
    fc.record({ kind: fc.constant('ask' as const), at: fc.integer({ min: 0, max: 5 }) }),
    fc.record({ kind: fc.constant('release' as const), at: fc.constant(0) }),
    fc.record({ kind: fc.constant('cancel' as const), at: fc.nat({ max: 20 }) }),
  )

  it('whatever happens, keeps to its slots, and in the end nobody waits and every permit is back', async () => {
    const [lane] = await lanesOf([2])
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const cancels: Cancellation[] = []
        let granted = 0
        let ended = 0
        for (const { kind, at } of steps) {
          if (kind === 'ask') {
            const cancel = new Cancellation()
            cancels.push(cancel)
            void Promise.resolve(lane.acquire(permitRequest({ priority: at, rank: at * 300, cancel }))).then((how) => {
              if (how === 'granted') granted++
              ended++
            })
          } else if (kind === 'cancel') cancels[at % Math.max(1, cancels.length)]?.cancel('cancelled')
          else if (granted > 0) {
            granted--
            giveBack(lane)
          }
          await new Promise(setImmediate)
          expect(lane.busy).toBeLessThanOrEqual(2)
        }
        await until(() => {
          for (; granted > 0; granted--) giveBack(lane)
          return ended === cancels.length
        }, 'the end of every wait')
        for (; granted > 0; granted--) giveBack(lane)
        expect([lane.busy, lane.queued]).toEqual([0, 0])
        // Every permit is back: both can be had at once.
        expect(await Promise.all([lane.acquire(permitRequest()), lane.acquire(permitRequest())])).toEqual([
          'granted',
          'granted',
        ])
        giveBack(lane)
        giveBack(lane)
      }),
      { numRuns: 30 },
    )
  })
})
