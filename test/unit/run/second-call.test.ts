import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TaskEvent } from '../../../src/run/run-context.ts'
import { tryTask } from '../../../src/run/task.ts'
import type { Workshop } from '../../../src/run/workshop.ts'
import { claimant, FakePort, fakeShop, NO_RETRIES, retriesBy, runContext } from '../../helpers/fake-port.ts'
import { planOf, task } from '../../helpers/plans.ts'

const AFTER = 100
const [draft] = planOf([task('a')]).tasks
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms)

/** A task whose calls are sent a second time after 100 ms, on servers `one`, `two` and `three`. */
function ward(parts: Partial<Workshop> = {}, chain = ['one', 'two', 'three']) {
  const port = new FakePort()
  const shop = fakeShop(port, {
    slots: Object.fromEntries(chain.map((model) => [model, 2])),
    chains: { Clinical: chain },
    parts: { hedgeAfterMs: () => AFTER, ...parts },
  })
  const told: TaskEvent[] = []
  const running = tryTask(
    shop,
    runContext({ emit: (event) => told.push(event) }),
    draft as NonNullable<typeof draft>,
    'Write.',
  )
  const at = (number: number) => port.calls[number] as FakePort['calls'][number]
  const asked = () => port.calls.map(({ model }) => model)
  const retried = () => told.flatMap(({ event, data }) => (event === 'task.retried' ? [data] : []))
  return { port, shop, running, at, asked, retried }
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('a second call', () => {
  it('goes to no server whose breaker would refuse it, and spends no retry there', async () => {
    const allow = vi.fn(() => true)
    const { running, at, asked } = ward({ works: (model) => model !== 'two', retries: { ...NO_RETRIES, allow } })
    await wait(AFTER)
    expect([asked(), allow.mock.calls]).toEqual([['one', 'three'], [['three']]])
    at(1).succeed()
    await running
  })

  it('stays away from the first server too while its breaker is not closed', async () => {
    const { running, at, asked } = ward({ works: () => false })
    await wait(500)
    expect(asked()).toEqual(['one'])
    at(0).succeed()
    await running
  })

  it('spends no retry where others wait, although a permit is free', async () => {
    const allow = vi.fn(() => true)
    const { shop, running, at, asked } = ward({ retries: { ...NO_RETRIES, allow } })
    const two = shop.lane('two')
    // A lane has waiting calls and room only in passing; this one keeps them.
    vi.spyOn(two, 'queued', 'get').mockReturnValue(1)
    expect(two.hasRoom).toBe(true)
    await wait(AFTER)
    expect([asked(), allow.mock.calls]).toEqual([['one', 'three'], [['three']]])
    at(1).succeed()
    await running
  })
})

describe('of two calls that both answered', () => {
  it.each([
    [0, 'one', ['ok', 'cancelled']],
    [1, 'two', ['cancelled', 'ok']],
  ] as const)('only the one that was taken is a success: call %i', async (first, model, outcomes) => {
    const { running, at } = ward()
    await wait(AFTER)
    at(first).succeed()
    at(1 - first).succeed()
    const outcome = await running
    expect([outcome.model, outcome.attempts.map((one) => one.outcome)]).toEqual([model, outcomes])
  })
})

describe('the call that lost is told to be over', () => {
  const data = { task_id: 'a', at_ms: expect.any(Number) }

  it('when the first has answered', async () => {
    const { running, at, retried } = ward()
    await wait(AFTER)
    at(0).request.on_delta?.('text')
    at(0).succeed('text')
    await running
    expect(retried()).toEqual([{ ...data, attempt: 2, code: 'cancelled', discard: false }])
  })

  it('when it failed before the first answered', async () => {
    const { running, at, retried } = ward()
    await wait(AFTER)
    at(1).fail('rate_limited')
    await wait(10)
    at(0).succeed()
    await running
    expect(retried()).toEqual([{ ...data, attempt: 2, code: 'rate_limited', discard: false }])
  })

  it('when both have failed, whether the task goes on or not', async () => {
    const retries = retriesBy(({ tries }) => (tries === 1 ? 10 : null))
    const { running, at, retried } = ward({ retries }, ['one'])
    await wait(AFTER)
    for (const number of [0, 1]) at(number).fail('upstream_error')
    await wait(10 + AFTER)
    for (const number of [2, 3]) at(number).fail('upstream_error')
    expect((await running).status).toBe('failed')
    expect(retried().map(({ attempt, code }) => [attempt, code])).toEqual([
      [2, 'upstream_error'],
      [1, 'upstream_error'],
      [4, 'upstream_error'],
    ])
  })
})

describe('what a call that was overtaken teaches', () => {
  it('is that it takes at least so long', async () => {
    const { shop, running, at } = ward()
    await wait(900)
    at(1).succeed('whole', { latency_ms: 800, tokens: null })
    await running
    expect(shop.forecast.expectedMs('Clinical', 'one', 512)).toBe(900)
  })

  it('is nothing when it was the second', async () => {
    const { shop, running, at } = ward()
    await wait(150)
    at(0).succeed()
    await running
    expect(shop.forecast.expectedMs('Clinical', 'two', 512)).toBe(null)
  })
})

describe('a call that is given up', () => {
  it('hears whether another one answered in its place', async () => {
    for (const overtaken of [true, false]) {
      const { port, running, at } = ward()
      running.catch(() => undefined)
      // The first call went out before this spy: it is the second that is given up.
      const call = vi.spyOn(port, 'call')
      await wait(AFTER)
      if (overtaken) at(0).succeed()
      else at(0).crash(new Error('ours'))
      await Promise.allSettled([running])
      expect(call.mock.calls.map(([, , signal]) => [signal.cancelled, signal.overtaken])).toEqual([[true, overtaken]])
    }
  })
})

it('a second call that cannot be sent by a fault of ours ends the first', async () => {
  const fault = () => {
    throw new Error('ours')
  }
  const { shop, running, port } = ward({ works: fault })
  running.catch(() => undefined)
  await wait(AFTER)
  await expect(running).rejects.toThrow('ours')
  expect([shop.taken(), [...port.inFlight.values()]]).toEqual([0, [0]])
  expect(shop.lane('one').tryTake({ claimant: claimant(), work: 0 })).toBe(true)
})
