import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { withinBudget } from '../../../src/models/retry-budget.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import type { RunContext, TaskEvent } from '../../../src/run/run-context.ts'
import { tryTask } from '../../../src/run/task.ts'
import type { Workshop } from '../../../src/run/workshop.ts'
import { claimant, FakePort, fakeShop, NO_RETRIES, retriesBy, runContext } from '../../helpers/fake-port.ts'
import { planOf, task } from '../../helpers/plans.ts'

const AFTER = 100
const [draft] = planOf([task('a')]).tasks
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms)

/** A task whose calls are sent a second time after 100 ms, on servers `one` and `two` unless told otherwise. */
function ward(parts: Partial<Workshop> = {}, chain = ['one', 'two']) {
  const port = new FakePort()
  const late: string[] = []
  const shop = fakeShop(port, {
    slots: Object.fromEntries(chain.map((model) => [model, 2])),
    chains: { Clinical: chain },
    parts: { hedgeAfterMs: () => AFTER, onLateAnswer: (model) => late.push(model), ...parts },
  })
  const told: TaskEvent[] = []
  const walk = (own: Partial<RunContext> = {}) =>
    tryTask(
      shop,
      runContext({ emit: (event) => told.push(event), ...own }),
      draft as NonNullable<typeof draft>,
      'Write.',
    )
  const at = (number: number) => port.calls[number] as FakePort['calls'][number]
  const tell = () =>
    told.map(({ event, data }): Record<string, unknown> => {
      const own = Object.entries(data).filter(([key]) => !['task_id', 'at_ms', 'gpu'].includes(key))
      return { event, ...Object.fromEntries(own) }
    })
  return { port, shop, late, walk, at, tell }
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('a call that is slow', () => {
  it('gets a second one at the fallback, whose answer counts when it comes first', async () => {
    const { port, shop, late, walk, at, tell } = ward()
    const running = walk()
    await wait(50)
    at(0).request.on_delta?.('half an ans')
    await wait(50)
    expect(port.calls.map(({ model }) => model)).toEqual(['one', 'two'])
    expect(shop.taken()).toBe(4)
    await wait(30)
    at(1).succeed('whole', { tokens: 3 })
    const outcome = await running
    expect(outcome).toMatchObject({
      status: 'succeeded',
      content: 'whole',
      tokens: 3,
      model: 'two',
      latency_ms: 30,
      queue_ms: 0,
      retry_ms: AFTER,
      started_at_ms: 0,
      ended_at_ms: 130,
      attempts: [
        { model: 'one', outcome: 'cancelled', hedge: false, started_at_ms: 0, ended_at_ms: 130, latency_ms: 130 },
        {
          model: 'two',
          outcome: 'ok',
          hedge: true,
          asked_at_ms: 100,
          started_at_ms: 100,
          ended_at_ms: 130,
          latency_ms: 30,
        },
      ],
    })
    expect(tell()).toEqual([
      { event: 'task.started', attempt: 1, model: 'one', hedge: false },
      { event: 'task.delta', attempt: 1, delta: 'half an ans' },
      { event: 'task.started', attempt: 2, model: 'two', hedge: true },
      { event: 'task.retried', attempt: 1, code: 'cancelled', discard: true },
      { event: 'task.delta', attempt: 2, delta: 'whole' },
    ])
    expect(at(1).request.on_delta).toBe(null)
    expect([shop.taken(), late]).toEqual([0, []])
  })

  it('wins when it answers first, and the second is over', async () => {
    const { shop, walk, at, tell } = ward()
    const running = walk()
    await wait(120)
    at(0).request.on_delta?.('text')
    at(0).succeed('text')
    expect(await running).toMatchObject({
      status: 'succeeded',
      model: 'one',
      latency_ms: 120,
      retry_ms: 0,
      attempts: [
        { outcome: 'ok', hedge: false },
        { outcome: 'cancelled', hedge: true, latency_ms: 20 },
      ],
    })
    expect(tell().map(({ event, attempt }) => [event, attempt])).toEqual([
      ['task.started', 1],
      ['task.started', 2],
      ['task.delta', 1],
      ['task.retried', 2],
    ])
    expect(shop.taken()).toBe(0)
  })

  it('that failed is named by its own code, and nothing is discarded when nothing went out', async () => {
    const { walk, at, tell } = ward()
    const running = walk()
    await wait(120)
    at(0).fail('upstream_error')
    await wait(80)
    at(1).succeed('whole')
    expect(await running).toMatchObject({ status: 'succeeded', model: 'two', latency_ms: 100, retry_ms: AFTER })
    expect(tell()[2]).toEqual({ event: 'task.retried', attempt: 1, code: 'upstream_error', discard: false })
  })

  it('is waited for on its own server when that has a permit left and there is no fallback', async () => {
    const { port, walk, at } = ward({}, ['one'])
    const running = walk()
    await wait(AFTER)
    expect(port.calls.map(({ model }) => model)).toEqual(['one', 'one'])
    at(1).succeed()
    expect(await running).toMatchObject({ status: 'succeeded', model: 'one', retry_ms: AFTER })
  })

  it('is counted when its answer comes in the same moment as that of the second', async () => {
    const { late, walk, at } = ward()
    const running = walk()
    await wait(AFTER)
    at(1).succeed()
    at(0).succeed()
    expect((await running).status).toBe('succeeded')
    expect(late).toHaveLength(1)
  })

  it('stays alone while no permit is free, which costs no retry, and when the budget has no more', async () => {
    for (const held of [['one', 'two', 'two'], []]) {
      const allow = vi.fn(() => false)
      const { port, shop, walk, at } = ward({ retries: { ...NO_RETRIES, allow } })
      const claim = { claimant: claimant(), work: 0 }
      for (const model of held) shop.lane(model).tryTake(claim)
      const running = walk()
      await wait(1000)
      expect([port.calls.length, allow.mock.calls.length]).toEqual([1, held.length === 0 ? 2 : 0])
      at(0).succeed()
      expect(await running).toMatchObject({ status: 'succeeded', attempts: [{ hedge: false }], retry_ms: 0 })
      for (const model of held) shop.lane(model).release(claim, 0)
      expect(shop.taken()).toBe(0)
    }
  })

  it('spends a retry of the server that is asked, and only where there is a permit', async () => {
    const retries = withinBudget(() => null, undefined, { reserve: 0, ratio: 0.5 })
    const { port, walk, at } = ward({ retries })
    // The first two tasks earn `one` half a retry each; `two` was never asked and has none.
    for (const first of [0, 1, 2]) {
      const running = walk()
      await wait(AFTER)
      at(first).succeed()
      await running
    }
    expect(port.calls.map(({ model, started_ms }) => [model, started_ms - (port.calls[0]?.started_ms ?? 0)])).toEqual([
      ['one', 0],
      ['one', 100],
      ['one', 200],
      ['one', 300],
    ])
  })
})

describe('two calls that both fail', () => {
  it('count as the first one; all the time they took is retrying', async () => {
    const { shop, port, walk, at } = ward({ retries: retriesBy(({ tries }) => (tries === 1 ? 10 : null)) }, ['one'])
    const running = walk()
    await wait(AFTER)
    at(0).fail('upstream_error')
    await wait(40)
    at(1).fail('rate_limited')
    await wait(10)
    expect(port.calls).toHaveLength(3)
    await wait(25)
    at(2).succeed()
    const outcome = await running
    expect(outcome).toMatchObject({ status: 'succeeded', queue_ms: 0, retry_ms: 150, latency_ms: 25, ended_at_ms: 175 })
    expect(outcome.attempts.map(({ outcome }) => outcome)).toEqual(['upstream_error', 'rate_limited', 'ok'])
    expect(shop.taken()).toBe(0)
  })

  it('fail the task with the code of the first when nothing is left', async () => {
    const { walk, at } = ward({}, ['one'])
    const running = walk()
    await wait(AFTER)
    at(1).fail('rate_limited')
    at(0).fail('upstream_error')
    expect(await running).toMatchObject({ status: 'failed', error: { code: 'upstream_error' } })
  })
})

describe('two calls whose run is cancelled', () => {
  it.each([
    ['cancelled', 'cancelled'],
    ['run_timeout', 'upstream_timeout'],
  ] as const)('both end: %s', async (reason, code) => {
    const { shop, walk } = ward()
    const cancellation = new Cancellation()
    const running = walk({ cancellation })
    await wait(150)
    cancellation.cancel(reason)
    expect(await running).toMatchObject({
      status: 'cancelled',
      ended_at_ms: 150,
      attempts: [{ outcome: code }, { outcome: code, hedge: true }],
    })
    expect(shop.taken()).toBe(0)
  })

  it('leave nothing that listens to the run', async () => {
    const { walk, at } = ward()
    const cancellation = new Cancellation()
    const listening = vi.spyOn(cancellation, 'onCancel')
    const running = walk({ cancellation })
    await wait(AFTER)
    at(1).succeed()
    await running
    // A call that is over hears nothing more: its own signal would be cancelled and its port asked.
    const gone = listening.mock.results.map(({ value }) => value as () => void)
    expect(gone).toHaveLength(2)
    const heard = vi.spyOn(Cancellation.prototype, 'cancel')
    cancellation.cancel('cancelled')
    expect(heard).toHaveBeenCalledTimes(1)
    heard.mockRestore()
  })
})

describe('a port that breaks its promise', () => {
  it.each([0, 1])('in call %i of two: the other is ended, all permits come back, the fault is told', async (which) => {
    const { shop, walk, at, port } = ward()
    const running = walk()
    running.catch(() => undefined)
    await wait(AFTER)
    at(which).crash(new Error('ours'))
    await expect(running).rejects.toThrow('ours')
    expect([shop.taken(), [...port.inFlight.values()]]).toEqual([0, [0, 0]])
  })

  it('by throwing at once: the permit comes back', async () => {
    const { shop, walk, port } = ward()
    vi.spyOn(port, 'call').mockImplementation(() => {
      throw new Error('ours')
    })
    await expect(walk()).rejects.toThrow('ours')
    expect(shop.taken()).toBe(0)
  })
})
