import { describe, expect, it, vi } from 'vitest'
import type { Failure } from '../../../src/models/port.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import type { RunContext, TaskEvent } from '../../../src/run/run-context.ts'
import { tryTask } from '../../../src/run/task.ts'
import {
  claimant,
  type FakeCall,
  FakePort,
  type FakeShop,
  fakeShop,
  retriesBy,
  runContext,
  type ShopSpec,
} from '../../helpers/fake-port.ts'
import { finish, withFakeTime } from '../../helpers/fake-time.ts'
import { planOf, task } from '../../helpers/plans.ts'

const [draft] = planOf([task('a', { max_tokens: 99, temperature: 0.3, priority: 2 })]).tasks
const walk = (shop: FakeShop, own: Partial<RunContext> = {}) =>
  tryTask(shop, runContext(own), draft as NonNullable<typeof draft>, 'Write a.')

const CLAIM = { claimant: claimant(), priority: 0, rank: 0, work: 0 }

const three: ShopSpec = { slots: { one: 1, two: 1, three: 1 }, chains: { Clinical: ['one', 'two', 'three'] } }
/** Asks again twice, 100 ms apart, after transient failures. */
const retries = retriesBy(({ failure, tries }: { failure: Failure; tries: number }) =>
  failure.transient && tries < 3 ? 100 : null,
)
const transient = { transient: true }

/** A port that ends the nth call by the nth script, 10 ms after it was made. */
const scripted = (...ends: ((call: FakeCall) => void)[]) => {
  const left = [...ends]
  return new FakePort((call) => {
    const end = left.shift()
    if (end === undefined) throw new Error('one call too many')
    setTimeout(end, 10, call)
  })
}

withFakeTime()

describe('a task', () => {
  it('asks its model once and carries its answer whole', async () => {
    const port = scripted((call) => call.succeed('fine', { tokens: 3, warnings: ['w'], simulated: true }))
    const shop = fakeShop(port, three)
    expect(await finish(walk(shop))).toEqual({
      status: 'succeeded',
      content: 'fine',
      model: 'one',
      backend: 'http://127.0.0.1:1/one/v1',
      gpu: 0,
      latency_ms: 10,
      queue_ms: 0,
      retry_ms: 0,
      started_at_ms: 0,
      ended_at_ms: 10,
      error: null,
      cause: null,
      tokens: 3,
      prompt_tokens: 11,
      finish_reason: 'stop',
      truncated: false,
      simulated: true,
      warnings: ['w'],
      cost: 0,
      first_token_ms: null,
      attempts: [
        {
          model: 'one',
          url: 'http://127.0.0.1:1/one/v1',
          outcome: 'ok',
          latency_ms: 10,
          gpu: 0,
          asked_at_ms: 0,
          started_at_ms: 0,
          ended_at_ms: 10,
          hedge: false,
        },
      ],
    })
    expect(port.calls[0]?.request).toMatchObject({ user: 'Write a.', max_tokens: 99, temperature: 0.3 })
    expect(shop.taken()).toBe(0)
  })

  it('leaves no text of a failed attempt behind', async () => {
    const outcome = await finish(walk(fakeShop(scripted((call) => call.fail('empty_output')))))
    expect(outcome).toMatchObject({ status: 'failed', content: null, tokens: null, finish_reason: null })
    expect(outcome.error).toEqual({ code: 'empty_output', message: 'The model answered with no text.' })
  })
})

describe('a task whose first attempts fail', () => {
  it('asks the same server again after a pause, and lists every attempt', async () => {
    const fail = (call: FakeCall) => call.fail('upstream_error', transient)
    const port = scripted(fail, fail, (call) => call.succeed())
    const outcome = await finish(walk(fakeShop(port, { ...three, parts: { retries } })))
    expect(outcome.attempts.map(({ model, outcome }) => `${model} ${outcome}`)).toEqual([
      'one upstream_error',
      'one upstream_error',
      'one ok',
    ])
    // Two failed attempts of 10 ms and two pauses of 100 ms; the accepted attempt is not among them.
    expect(outcome).toMatchObject({ status: 'succeeded', error: null, retry_ms: 220, latency_ms: 10, queue_ms: 0 })
    expect(outcome.ended_at_ms).toBe(230)
  })

  it('gives its permit back during the pause and waits for a new one, both counted', async () => {
    const port = new FakePort()
    const shop = fakeShop(port, { ...three, parts: { retries } })
    const first = walk(shop)
    const second = walk(shop)
    await vi.advanceTimersByTimeAsync(10)
    port.calls[0]?.fail('upstream_error', transient)
    await vi.advanceTimersByTimeAsync(150)
    expect(port.calls).toHaveLength(2)
    port.calls[1]?.succeed()
    await vi.advanceTimersByTimeAsync(0)
    port.calls[2]?.succeed()
    // Failed 10 ms, paused 100 ms, then waited 50 ms for the permit that the other task held.
    expect(await finish(first)).toMatchObject({ retry_ms: 110, queue_ms: 50, started_at_ms: 0 })
    expect(await finish(second)).toMatchObject({ retry_ms: 0, queue_ms: 10, started_at_ms: 10 })
  })

  it('counts its waiting on every lane that it went through', async () => {
    const port = new FakePort((call) =>
      setTimeout(() => (call.model === 'one' ? call.fail('breaker_open') : call.succeed()), 10),
    )
    const shop = fakeShop(port, three)
    const held = { ...CLAIM, priority: 5, deadline: performance.now() + 1000, cancel: new Cancellation() }
    for (const model of ['one', 'two']) shop.lane(model).acquire(held)
    const running = walk(shop)
    await vi.advanceTimersByTimeAsync(20)
    shop.lane('one').release(CLAIM, 0)
    await vi.advanceTimersByTimeAsync(40)
    shop.lane('two').release(CLAIM, 0)
    // 20 ms on the first lane, 10 ms failing there, then 30 ms on the second.
    expect(await finish(running)).toMatchObject({ queue_ms: 50, retry_ms: 10 })
  })

  it('goes on to its fallbacks in order, and says why each was needed', async () => {
    const port = scripted(
      (call) => call.fail('upstream_rejected'),
      (call) => call.fail('context_overflow'),
      (call) => call.succeed('third'),
    )
    const told: TaskEvent[] = []
    const outcome = await finish(walk(fakeShop(port, three), { emit: (event) => told.push(event) }))
    expect(outcome).toMatchObject({ status: 'succeeded', model: 'three', content: 'third', retry_ms: 20 })
    expect(outcome.attempts.map(({ model, outcome }) => `${model} ${outcome}`)).toEqual([
      'one upstream_rejected',
      'two context_overflow',
      'three ok',
    ])
    expect(told.map(({ event, data }) => [event, 'attempt' in data && data.attempt])).toEqual([
      ['task.started', 1],
      ['task.retried', 1],
      ['task.started', 2],
      ['task.retried', 2],
      ['task.started', 3],
    ])
  })

  it('fails with the code and words of the last attempt when all are used up', async () => {
    const port = scripted(
      (call) => call.fail('upstream_error'),
      (call) => call.fail('upstream_unreachable'),
      (call) => call.fail('upstream_rejected', { message: 'No such model.' }),
    )
    const shop = fakeShop(port, three)
    const outcome = await finish(walk(shop))
    expect(outcome).toMatchObject({
      status: 'failed',
      model: 'three',
      latency_ms: 10,
      retry_ms: 20,
      error: { code: 'upstream_rejected', message: 'No such model.' },
    })
    expect(shop.taken()).toBe(0)
  })

  it('is turned away from a fallback whose queue is full and tries the next', async () => {
    const port = scripted(
      (call) => call.fail('breaker_open'),
      (call) => call.succeed(),
    )
    const shop = fakeShop(port, { ...three, parts: { lane_queue_max: 1 } })
    const hold = { ...CLAIM, deadline: performance.now() + 1_000_000, cancel: new Cancellation() }
    shop.lane('two').acquire(hold)
    void shop.lane('two').acquire(hold)
    const outcome = await finish(walk(shop))
    expect(outcome.attempts.map(({ model, outcome }) => `${model} ${outcome}`)).toEqual([
      'one breaker_open',
      'two queue_full',
      'three ok',
    ])
    expect(outcome).toMatchObject({ status: 'succeeded', model: 'three' })
  })

  it('fails as queue_full when the last fallback turns it away', async () => {
    const port = scripted((call) => call.fail('upstream_error'))
    const shop = fakeShop(port, { ...three, chains: { Clinical: ['one', 'two'] }, parts: { lane_queue_max: 0 } })
    expect(await finish(walk(shop))).toMatchObject({
      status: 'failed',
      model: 'one',
      error: { code: 'queue_full', message: "The queue of the model's lane is full." },
    })
  })

  it('is always queued on its own lane, however full that is', async () => {
    const port = scripted((call) => call.succeed())
    const shop = fakeShop(port, { ...three, parts: { lane_queue_max: 0 } })
    expect(await finish(walk(shop))).toMatchObject({ status: 'succeeded' })
  })
})
