import { describe, expect, it, vi } from 'vitest'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { GpuBudget } from '../../../src/run/gpu-budget.ts'
import { Lane } from '../../../src/run/lane.ts'
import type { Admission, AdmissionRequest } from '../../../src/run/lane-port.ts'
import { claimant, permitRequest } from '../../helpers/fake-port.ts'
import { withFakeTime } from '../../helpers/fake-time.ts'

const AGING = 15_000

/** A lane and a diary of who got a permit, or what else became of the wait. */
function ward(slots: number) {
  const lane = new Lane('m', slots, new GpuBudget(0), AGING)
  const diary: string[] = []
  const ask = (name: string, own: Partial<AdmissionRequest> = {}) => {
    const note = (admission: Admission) => {
      diary.push(admission === 'granted' ? name : `${name} ${admission}`)
    }
    const answer = lane.acquire(permitRequest(own))
    if (typeof answer === 'string') note(answer)
    else void answer.then(note)
  }
  const release = async (times = 1) => {
    for (let i = 0; i < times; i++) {
      lane.release({ claimant: claimant(), work: 0 }, 0)
      await vi.advanceTimersByTimeAsync(0)
    }
  }
  return { lane, diary, ask, release }
}

withFakeTime()

describe('a lane', () => {
  it('gives a free permit at once and no more permits than it has slots', () => {
    const { lane, diary, ask } = ward(2)
    for (const name of ['a', 'b', 'c', 'd']) ask(name)
    expect(diary).toEqual(['a', 'b'])
    expect([lane.busy, lane.queued]).toEqual([2, 2])
  })

  it('gives each freed permit to one of those who wait, first come, first served', async () => {
    const { lane, diary, ask, release } = ward(1)
    for (const name of ['a', 'b', 'c']) ask(name)
    await release()
    expect(diary).toEqual(['a', 'b'])
    await release(2)
    expect(diary).toEqual(['a', 'b', 'c'])
    expect([lane.busy, lane.queued]).toEqual([0, 0])
  })

  it('serves the higher priority first, then the longer remaining path, then the earlier', async () => {
    const { diary, ask, release } = ward(1)
    ask('holder')
    ask('low', { priority: 0, rank: 9 })
    ask('short', { priority: 3, rank: 1 })
    ask('long', { priority: 3, rank: 5 })
    ask('long, later', { priority: 3, rank: 5 })
    ask('urgent', { priority: 5 })
    await release(5)
    expect(diary).toEqual(['holder', 'urgent', 'long', 'long, later', 'short', 'low'])
  })

  it('lifts who waits one class per aging interval, so that an old wait overtakes a more urgent one', async () => {
    const { diary, ask, release } = ward(1)
    ask('holder')
    ask('old', { priority: 0, rank: 1 })
    await vi.advanceTimersByTimeAsync(2 * AGING)
    ask('new', { priority: 1 })
    await release()
    expect(diary).toEqual(['holder', 'old'])
  })

  it('gives three permits as callers asked for them after one that went to age, so that urgent stays urgent', async () => {
    const { diary, ask, release } = ward(1)
    ask('holder')
    for (const name of ['old 1', 'old 2', 'old 3']) ask(name)
    await vi.advanceTimersByTimeAsync(5 * AGING)
    for (const name of ['urgent 1', 'urgent 2', 'urgent 3', 'urgent 4']) ask(name, { priority: 5 })
    await release(8)
    const order = ['old 1', 'urgent 1', 'urgent 2', 'urgent 3', 'old 2', 'urgent 4', 'old 3']
    expect(diary).toEqual(['holder', ...order])
  })

  it('does not let a newcomer pass those who wait', async () => {
    const { diary, ask, release } = ward(1)
    ask('holder')
    ask('first')
    await release()
    ask('newcomer', { priority: 5 })
    expect(diary).toEqual(['holder', 'first'])
  })
})

describe('a wait for a permit', () => {
  it('ends by cancellation, gives nothing away and leaves no permit behind', async () => {
    const { lane, diary, ask, release } = ward(1)
    const cancel = new Cancellation()
    ask('holder')
    ask('gone', { cancel, priority: 5 })
    ask('next')
    cancel.cancel('cancelled')
    await vi.advanceTimersByTimeAsync(0)
    expect(diary).toEqual(['holder', 'gone cancelled'])
    expect([lane.busy, lane.queued]).toEqual([1, 1])
    await release(2)
    expect(diary).toEqual(['holder', 'gone cancelled', 'next'])
    expect([lane.busy, lane.queued]).toEqual([0, 0])
  })

  it('ends by its deadline and not before', async () => {
    const { lane, diary, ask } = ward(1)
    ask('holder')
    ask('late', { deadline: performance.now() + 50 })
    ask('patient', { deadline: performance.now() + 500 })
    await vi.advanceTimersByTimeAsync(49)
    expect(diary).toEqual(['holder'])
    await vi.advanceTimersByTimeAsync(1)
    expect(diary).toEqual(['holder', 'late deadline'])
    expect([lane.busy, lane.queued]).toEqual([1, 1])
  })

  it('is over for a cancelled run before it begins', () => {
    const { lane, diary, ask } = ward(1)
    const cancel = new Cancellation()
    cancel.cancel('cancelled')
    ask('gone', { cancel })
    expect(diary).toEqual(['gone cancelled'])
    expect(lane.busy).toBe(0)
  })

  it('is over when the deadline has passed already, also if a permit is free', () => {
    const { lane, diary, ask } = ward(1)
    ask('late', { deadline: performance.now() })
    expect(diary).toEqual(['late deadline'])
    expect(lane.busy).toBe(0)
  })

  it('gets no permit after its deadline although its timer is still to fire', async () => {
    const { lane, diary, ask } = ward(1)
    ask('holder')
    ask('late', { deadline: performance.now() + 50, priority: 5 })
    ask('next')
    // A blocked event loop: the clock has moved on, no timer has fired yet.
    const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60)
    lane.release({ claimant: claimant(), work: 0 }, 0)
    clock.mockRestore()
    await vi.advanceTimersByTimeAsync(0)
    expect(diary).toEqual(['holder', 'late deadline', 'next'])
    expect([lane.busy, lane.queued]).toEqual([1, 0])
  })

  it('leaves no timer and no listener behind, however it ended', async () => {
    const { lane, ask, release } = ward(1)
    const cancel = new Cancellation()
    ask('holder')
    ask('granted', { cancel })
    ask('late', { cancel, deadline: performance.now() + 50 })
    await release()
    await vi.advanceTimersByTimeAsync(50)
    expect(vi.getTimerCount()).toBe(0)
    ask('waiting', { cancel: new Cancellation() })
    cancel.cancel('cancelled')
    expect([lane.busy, lane.queued]).toEqual([1, 1])
  })

  it('of a thousand calls that are cancelled together harms nobody else', async () => {
    const { lane, diary, ask, release } = ward(1)
    const cancel = new Cancellation()
    ask('holder')
    for (let i = 0; i < 1000; i++) ask(`gone ${i}`, { cancel })
    ask('next')
    cancel.cancel('run_timeout')
    expect(lane.queued).toBe(1)
    await release()
    expect(diary.at(-1)).toBe('next')
    expect(lane.busy).toBe(1)
  })
})
