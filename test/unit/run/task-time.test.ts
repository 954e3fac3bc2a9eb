import { describe, expect, it, vi } from 'vitest'
import type { RetryQuestion } from '../../../src/models/port.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import type { RunContext } from '../../../src/run/run-context.ts'
import { tryTask } from '../../../src/run/task.ts'
import { FakePort, type FakeShop, fakeShop, retriesBy, runContext, type ShopSpec } from '../../helpers/fake-port.ts'
import { withFakeTime } from '../../helpers/fake-time.ts'
import { planOf, task } from '../../helpers/plans.ts'

const walk = (shop: FakeShop, timeout_ms: number | null, own: Partial<RunContext> = {}) => {
  const [draft] = planOf([task('a')]).tasks
  return tryTask(shop, runContext(own), { ...(draft as NonNullable<typeof draft>), timeout_ms }, 'Write a.')
}

const chainOf = (...models: string[]): ShopSpec => ({
  slots: Object.fromEntries(models.map((model) => [model, 1])),
  chains: { Clinical: models },
})

/** Hangs until the deadline that it was given, like a server that never answers. */
const hanging = () =>
  new FakePort((call) => setTimeout(() => call.fail('upstream_timeout'), call.request.deadline - performance.now()))

const shares = (port: FakePort) => port.calls.map(({ request, started_ms }) => request.deadline - started_ms)

withFakeTime()

describe('the time of a task', () => {
  it('is shared out: an attempt may use what remains divided by the servers that are left', async () => {
    const port = hanging()
    const running = walk(fakeShop(port, chainOf('one', 'two', 'three')), 900)
    await vi.advanceTimersByTimeAsync(900)
    const outcome = await running
    expect(shares(port)).toEqual([300, 300, 300])
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'upstream_timeout' }, ended_at_ms: 900 })
    expect(outcome.attempts.map(({ model }) => model)).toEqual(['one', 'two', 'three'])
  })

  it('is shared out of what the run has left, where that is less; the last server has what the task has left', async () => {
    const port = hanging()
    const cancellation = new Cancellation(performance.now() + 600)
    const running = walk(fakeShop(port, chainOf('one', 'two')), 2000, { cancellation })
    await vi.advanceTimersByTimeAsync(600)
    cancellation.cancel('run_timeout')
    expect(await running).toMatchObject({
      status: 'cancelled',
      attempts: Array(2).fill({ outcome: 'upstream_timeout' }),
    })
    expect(shares(port)).toEqual([300, 1700])
  })

  it('is longer where such calls are known to need more than a share', async () => {
    const port = hanging()
    const shop = fakeShop(port, chainOf('one', 'two'))
    shop.forecast.learn('Clinical', 'one', 400, 50, true)
    const running = walk(shop, 900)
    await vi.advanceTimersByTimeAsync(900)
    await running
    // Half of 900 would cut off a call that usually takes 400 and may take half as much again.
    expect(shares(port)).toEqual([600, 300])
  })

  it('that a quick failure left over is there for the next server', async () => {
    const port = new FakePort((call) => setTimeout(() => call.fail('upstream_error'), 100))
    const running = walk(fakeShop(port, chainOf('one', 'two')), 900)
    await vi.advanceTimersByTimeAsync(200)
    await running
    expect(shares(port)).toEqual([450, 800])
  })

  it('is that of the service when the task sets none', async () => {
    const port = hanging()
    const running = walk(fakeShop(port, { ...chainOf('one'), parts: { task_timeout_ms: 250 } }), null)
    await vi.advanceTimersByTimeAsync(250)
    expect((await running).error?.code).toBe('upstream_timeout')
  })

  it('includes the wait for a permit: over in the queue it is task_timeout, and no model was asked', async () => {
    const port = new FakePort()
    const shop = fakeShop(port, chainOf('one'))
    const holder = walk(shop, 5000)
    const running = walk(shop, 500)
    await vi.advanceTimersByTimeAsync(500)
    expect(await running).toMatchObject({
      status: 'failed',
      error: { code: 'task_timeout' },
      model: null,
      queue_ms: 500,
      latency_ms: 0,
      started_at_ms: null,
      attempts: [],
    })
    port.calls[0]?.succeed()
    await holder
    expect([port.calls.length, shop.taken(), shop.waiting()]).toEqual([1, 0, 0])
  })

  it('over in the queue of a retry is task_timeout too, with the attempts that were made', async () => {
    const port = new FakePort()
    const shop = fakeShop(port, { ...chainOf('one'), parts: { retries: retriesBy(() => 100) } })
    const running = walk(shop, 500)
    const other = walk(shop, 5000)
    port.calls[0]?.fail('upstream_error', { transient: true })
    await vi.advanceTimersByTimeAsync(500)
    expect(await running).toMatchObject({
      status: 'failed',
      error: { code: 'task_timeout' },
      queue_ms: 400,
      retry_ms: 100,
      attempts: [{ outcome: 'upstream_error' }],
    })
    port.calls[1]?.succeed()
    await other
  })

  it('over while pausing is task_timeout, and no model is asked after it', async () => {
    const port = new FakePort((call) => call.fail('upstream_error', { transient: true }))
    const running = walk(fakeShop(port, { ...chainOf('one'), parts: { retries: retriesBy(() => 500) } }), 500)
    await vi.advanceTimersByTimeAsync(500)
    expect(await running).toMatchObject({ status: 'failed', error: { code: 'task_timeout' } })
    expect(port.calls).toHaveLength(1)
  })

  it('leaves a queue only as much as the clock of the task allows, whatever it waited before', async () => {
    const port = new FakePort()
    const shop = fakeShop(port, chainOf('one', 'two'))
    const holder = walk(shop, 5000)
    const running = walk(shop, 1000)
    await vi.advanceTimersByTimeAsync(200)
    port.calls[0]?.succeed()
    await holder
    expect(port.calls[1]?.request.deadline).toBe(200 + 400 + (port.calls[0]?.started_ms ?? Number.NaN))
    port.calls[1]?.succeed()
    expect((await running).queue_ms).toBe(200)
  })

  it('is what the retry policy is asked with: the tries on this server and the rest of its share', async () => {
    type Question = Omit<RetryQuestion, 'model'>
    const asked: Question[] = []
    const retry = (question: Question) => {
      asked.push(question)
      return question.tries < 2 ? 50 : null
    }
    const port = new FakePort((call) => setTimeout(() => call.fail('upstream_error'), 100))
    const running = walk(fakeShop(port, { ...chainOf('one', 'two'), parts: { retries: retriesBy(retry) } }), 1050)
    await vi.advanceTimersByTimeAsync(1000)
    await running
    // 1050/2 − 100; (1050 − 150)/2 − 100; then the last server has all that is left.
    expect(asked.map(({ tries, remaining_ms }) => [tries, remaining_ms])).toEqual([
      [1, 425],
      [2, 350],
      [1, 700],
      [2, 550],
    ])
  })
})

describe('a task whose run is cancelled', () => {
  it('ends at once while it pauses, without another attempt', async () => {
    const port = new FakePort((call) => call.fail('rate_limited', { transient: true }))
    const shop = fakeShop(port, { ...chainOf('one', 'two'), parts: { retries: retriesBy(() => 10_000) } })
    const cancellation = new Cancellation()
    const running = walk(shop, 60_000, { cancellation })
    await vi.advanceTimersByTimeAsync(300)
    cancellation.cancel('cancelled')
    expect(await running).toMatchObject({
      status: 'cancelled',
      error: { code: 'cancelled' },
      ended_at_ms: 300,
      retry_ms: 300,
      attempts: [{ outcome: 'rate_limited' }],
    })
    expect([port.calls.length, shop.taken(), vi.getTimerCount()]).toEqual([1, 0, 0])
  })

  it('does not go on to a fallback when its call is aborted', async () => {
    const port = new FakePort()
    const shop = fakeShop(port, { ...chainOf('one', 'two'), parts: { retries: retriesBy(() => 10) } })
    const cancellation = new Cancellation()
    const running = walk(shop, 60_000, { cancellation })
    await vi.advanceTimersByTimeAsync(70)
    cancellation.cancel('cancelled')
    expect(await running).toMatchObject({
      status: 'cancelled',
      model: 'one',
      latency_ms: 70,
      attempts: [{ outcome: 'cancelled', latency_ms: 70 }],
    })
    expect([port.calls.length, shop.taken()]).toEqual([1, 0])
  })

  it('by the deadline of the run counts the call in flight as not answered in time', async () => {
    const port = new FakePort()
    const cancellation = new Cancellation()
    const running = walk(fakeShop(port, chainOf('one')), null, { cancellation })
    cancellation.cancel('run_timeout')
    expect(await running).toMatchObject({ status: 'cancelled', attempts: [{ outcome: 'upstream_timeout' }] })
  })
})
