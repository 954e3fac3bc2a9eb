import { describe, expect, it } from 'vitest'
import type { PermitSource, Ticket, TicketEnds } from '../../../src/queue/port.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { GpuBudget } from '../../../src/run/gpu-budget.ts'
import { SharedLane } from '../../../src/run/shared-lane.ts'
import { claimant, quiet } from '../../helpers/fake-port.ts'

interface Asked extends Ticket {
  priority: number
  ends: TicketEnds
}

/** A queue in which the test says what comes. */
class FakeSource implements PermitSource {
  state: PermitSource['state'] = 'shared'
  free = 1
  alone = 1
  gpuAlone: number | null = null
  readonly asked: Asked[] = []
  readonly held: Asked[] = []
  #listeners: (() => void)[] = []

  ask(priority: number, ends: TicketEnds): Ticket {
    const ticket: Asked = {
      priority,
      ends,
      move: (to) => {
        ticket.priority = to
      },
      giveBack: () => {
        for (const list of [this.asked, this.held]) if (list.includes(ticket)) list.splice(list.indexOf(ticket), 1)
      },
    }
    this.asked.push(ticket)
    return ticket
  }
  resize(): void {}
  watch(listener: () => void): void {
    this.#listeners.push(listener)
  }

  grant(at = 0): void {
    const [ticket] = this.asked.splice(at, 1) as [Asked]
    this.held.push(ticket)
    ticket.ends.granted(ticket)
  }
  lose(ticket: Asked): void {
    ticket.giveBack()
    ticket.ends.lost(ticket)
  }
  become(state: PermitSource['state']): void {
    this.state = state
    if (state === 'away') for (const ticket of [...this.asked]) this.lose(ticket)
    for (const listener of this.#listeners) listener()
  }
}

function ward() {
  const source = new FakeSource()
  const lane = new SharedLane('m', 4, new GpuBudget(0), 15_000, source)
  const diary: string[] = []
  const requestOf = (priority = 0, cancel = new Cancellation()) => ({
    claimant: claimant(),
    priority,
    rank: 0,
    work: 0,
    deadline: performance.now() + 60_000,
    cancel,
  })
  const ask = (name: string, priority = 0, cancel = new Cancellation()) => {
    void Promise.resolve(lane.acquire(requestOf(priority, cancel))).then((how) =>
      diary.push(how === 'granted' ? name : `${name} ${how}`),
    )
  }
  const giveBack = () => lane.release(requestOf(), 0)
  return { source, lane, diary, ask, giveBack, requestOf }
}

describe('a shared lane', () => {
  it('gives the first permit that comes to the most urgent of its calls, and leaves the others each a place of theirs', async () => {
    const { source, diary, ask } = ward()
    ask('low', 0)
    ask('high', 5)
    const [low = 0, high = 0] = source.asked.map(({ priority }) => priority)
    expect(high).toBeLessThan(low)
    source.grant(0)
    await quiet()
    await quiet()
    expect(diary).toEqual(['high'])
    expect(source.asked.map(({ priority }) => priority)).toEqual([low])
  })

  it('gives back at once what comes for nobody', async () => {
    const { source, ask, diary } = ward()
    const cancel = new Cancellation()
    ask('gone', 0, cancel)
    const [ticket] = source.asked as [Asked]
    cancel.cancel('cancelled')
    source.held.push(ticket)
    ticket.ends.granted(ticket)
    await quiet()
    expect(diary).toEqual(['gone cancelled'])
    expect([source.held.length, source.asked.length]).toEqual([0, 0])
  })

  it('gives a permit back when its call ends, also while others of its own wait', async () => {
    const { source, lane, ask, giveBack } = ward()
    ask('a')
    ask('b')
    source.grant()
    await quiet()
    expect(source.held.length).toBe(1)
    giveBack()
    await quiet()
    expect([source.held.length, lane.busy, lane.queued, source.asked.length]).toEqual([0, 0, 1, 1])
  })

  it('goes by its own share while nobody can be asked', async () => {
    const { source, lane, diary, ask, giveBack } = ward()
    source.alone = 2
    for (const name of ['a', 'b', 'c']) ask(name)
    source.become('away')
    await quiet()
    expect(diary).toEqual(['a', 'b'])
    giveBack()
    await quiet()
    expect(diary).toEqual(['a', 'b', 'c'])
    expect([lane.busy, source.asked.length]).toEqual([2, 0])
  })

  it('asks for the permits that its calls in flight lack ahead of all else, and for no other before', async () => {
    const { source, lane, diary, ask, giveBack } = ward()
    source.alone = 2
    source.become('away')
    for (const name of ['a', 'b', 'c']) ask(name)
    await quiet()
    source.become('settling')
    expect(source.asked.map(({ priority }) => priority)).toEqual([0, 0])
    source.grant()
    source.become('shared')
    expect(source.asked.map(({ priority }) => priority)).toEqual([0])
    source.grant()
    await quiet()
    await quiet()
    expect(diary).toEqual(['a', 'b'])
    expect(source.asked.length).toBe(1)
    source.grant()
    await quiet()
    expect([lane.busy, source.held.length]).toEqual([3, 3])
    for (let i = 0; i < 3; i++) giveBack()
    expect([lane.busy, source.held.length]).toEqual([0, 0])
  })

  it('owes a permit that was lost under its call', async () => {
    const { source, lane, ask, giveBack } = ward()
    ask('a')
    source.grant()
    await quiet()
    source.lose(source.held[0] as Asked)
    await quiet()
    await quiet()
    expect(source.asked.map(({ priority }) => priority)).toEqual([0])
    giveBack()
    expect([lane.busy, source.asked.length]).toEqual([0, 0])
  })

  it('does not keep asking for permits that calls without one leave no room for on the GPU', async () => {
    const source = new FakeSource()
    const gpu = new GpuBudget(0, 1)
    const lane = new SharedLane('m', 4, gpu, 15_000, source)
    // A neighbour's call that owes its permit.
    gpu.take()
    const { requestOf } = ward()
    void lane.acquire(requestOf())
    source.grant()
    await quiet()
    await quiet()
    expect([lane.busy, source.held.length, source.asked.length]).toEqual([0, 0, 0])
    gpu.give()
    source.become('shared')
    expect(source.asked.length).toBe(1)
  })

  it('tries for a call that must not wait only where a permit was free', async () => {
    const { source, lane, requestOf } = ward()
    source.free = 0
    expect(lane.hasRoom).toBe(false)
    expect(lane.tryTake(requestOf())).toBe(false)
    source.free = 1
    const taken = lane.tryTake(requestOf())
    source.grant()
    expect(await taken).toBe(true)
    expect(lane.busy).toBe(1)
    const lost = lane.tryTake(requestOf())
    source.become('away')
    expect(await lost).toBe(false)
  })
})
