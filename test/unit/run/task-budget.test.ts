import { describe, expect, it } from 'vitest'
import type { Hold, Purse, Usage } from '../../../src/routing/budget/port.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import type { RunContext } from '../../../src/run/run-context.ts'
import { tryTask } from '../../../src/run/task.ts'
import { type FakeCall, FakePort, type FakeShop, fakeShop, runContext, type ShopSpec } from '../../helpers/fake-port.ts'
import { finish, withFakeTime } from '../../helpers/fake-time.ts'
import { planOf, task } from '../../helpers/plans.ts'

const [draft] = planOf([task('a')]).tasks
const walk = (shop: FakeShop, own: Partial<RunContext>) =>
  tryTask(shop, runContext(own), draft as NonNullable<typeof draft>, 'Write a.')

const TWO: ShopSpec = { slots: { dear: 1, cheap: 1 }, chains: { Clinical: ['dear', 'cheap'] } }

/** Every call costs one dollar if it was sent. `refuses`: models for which nothing is left. */
function openPurse(refuses: (model: string, asked: number) => boolean = () => false, pending?: Promise<void>) {
  const settled: (Usage | null)[] = []
  let asked = 0
  const hold: Hold = {
    worst: 2,
    settle: (usage) => {
      settled.push(usage)
      return usage === null ? 0 : 1
    },
  }
  const purse: Purse = {
    spent: 0,
    reserve: (model) => {
      const answer = refuses(model, ++asked) ? null : hold
      return pending ? pending.then(() => answer) : answer
    },
  }
  return { purse, settled, asked: () => asked }
}

/** Ends every call after 10 ms. */
const answering = (end: (call: FakeCall) => void = (call) => call.succeed()) =>
  new FakePort((call) => setTimeout(end, 10, call))

withFakeTime()

describe('a call for which too little is left', () => {
  it('is not sent, and leaves no permit taken: the next model is asked', async () => {
    const shop = fakeShop(answering(), TWO)
    const { purse, settled } = openPurse((model) => model === 'dear')
    const outcome = await finish(walk(shop, { purse }))
    expect(outcome).toMatchObject({ status: 'succeeded', model: 'cheap', cost: 1 })
    expect(
      outcome.attempts.map(({ model, outcome: how, started_at_ms }) => [model, how, started_at_ms === null]),
    ).toEqual([
      ['dear', 'budget_exceeded', true],
      ['cheap', 'ok', false],
    ])
    expect([shop.taken(), settled.length]).toEqual([0, 1])
  })

  it('ends a task that has no other model', async () => {
    const port = answering()
    const shop = fakeShop(port, TWO)
    const outcome = await finish(walk(shop, { purse: openPurse(() => true).purse }))
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'budget_exceeded' }, cost: 0, model: null })
    expect([port.calls.length, shop.taken()]).toEqual([0, 0])
  })

  it('may be the second one beside a slow one, which goes on', async () => {
    const port = new FakePort((call) => setTimeout(() => call.succeed('slow'), 500))
    const shop = fakeShop(port, { ...TWO, parts: { hedgeAfterMs: () => 50 } })
    const { purse, settled, asked } = openPurse((_, nth) => nth > 1)
    const outcome = await finish(walk(shop, { purse }))
    expect(outcome).toMatchObject({ status: 'succeeded', content: 'slow', cost: 1 })
    expect([asked(), port.calls.length, settled.length, shop.taken()]).toEqual([2, 1, 1, 0])
  })
})

describe('money set aside', () => {
  it('is given back for a call that never went out', async () => {
    const port = new FakePort((call) => call.fail('breaker_open'))
    const { purse, settled } = openPurse()
    const outcome = await finish(walk(fakeShop(port, TWO), { purse }))
    expect(outcome).toMatchObject({ status: 'failed', cost: 0 })
    expect(settled).toEqual([null, null])
  })

  it('is booked at its worst for a call that was given up, and for one beside it that was overtaken', async () => {
    const port = new FakePort((call) => call.model === 'cheap' && setTimeout(() => call.succeed('fast'), 10))
    const shop = fakeShop(port, { ...TWO, parts: { hedgeAfterMs: () => 50 } })
    const { purse, settled } = openPurse()
    const outcome = await finish(walk(shop, { purse }))
    expect(outcome).toMatchObject({ content: 'fast', cost: 2 })
    expect(settled).toHaveLength(2)
    expect(settled).toContainEqual({ prompt_tokens: null, completion_tokens: null, seconds: expect.any(Number) })
    expect(outcome.attempts.map(({ cost }) => cost)).toEqual([1, 1])
  })

  it('is given back when the run ends while the ledger is asked', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancellation = new Cancellation()
    const port = new FakePort()
    const shop = fakeShop(port, TWO)
    const { purse, settled } = openPurse(undefined, promise)
    const running = walk(shop, { purse, cancellation })
    cancellation.cancel('cancelled')
    resolve()
    expect(await finish(running)).toMatchObject({ status: 'cancelled', cost: 0 })
    expect([settled, port.calls.length, shop.taken()]).toEqual([[null], 0, 0])
  })
})
