import { describe, expect, it, vi } from 'vitest'
import type { Outcome } from '../../../src/contract/outcome.ts'
import type { Plan } from '../../../src/plan/plan.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import type { RunHooks } from '../../../src/run/scheduler.ts'
import { FakePort, type FakeShop, fakeShop, quiet } from '../../helpers/fake-port.ts'
import { opened, runWhole, STRICT } from '../../helpers/opened.ts'
import { needing, planOf, task } from '../../helpers/plans.ts'

const run = (plan: Plan, shop: FakeShop, cancellation = new Cancellation(), own: Partial<RunHooks> = {}) =>
  runWhole(plan, shop, opened(plan, shop, { cancellation }), { ...STRICT, ...own })

const said = (outcomes: readonly Outcome[]) =>
  outcomes.map(({ status, error, cause }) => [status, error?.code ?? null, cause])

describe('a task that fails', () => {
  it('takes its dependants with it, each naming its own direct cause, and nobody else', async () => {
    const port = new FakePort()
    const tasks = [task('bad'), task('good'), needing('b', 'bad'), needing('c', 'b'), needing('d', 'good')]
    const done = run(planOf(tasks), fakeShop(port))
    port.callOf('bad').fail('upstream_error')
    await quiet()
    expect(port.asked).toEqual(['bad', 'good'])
    port.callOf('good').succeed()
    ;(await port.nth(3)).succeed()
    expect(said(await done)).toEqual([
      ['failed', 'upstream_error', null],
      ['succeeded', null, null],
      ['skipped', 'dependency_failed', 'bad'],
      ['skipped', 'dependency_failed', 'b'],
      ['succeeded', null, null],
    ])
    expect(port.asked).toEqual(['bad', 'good', 'd'])
  })

  it('skips a join at once, without waiting for its other dependencies', async () => {
    const port = new FakePort()
    const ends: string[] = []
    const plan = planOf([task('slow'), task('bad'), needing('join', 'slow', 'bad')])
    const done = run(plan, fakeShop(port), new Cancellation(), { onTaskEnd: ({ task_id }) => ends.push(task_id) })
    port.callOf('bad').fail('upstream_error')
    await quiet()
    expect(ends).toEqual(['bad', 'join'])
    port.callOf('slow').succeed()
    expect(said(await done)[2]).toEqual(['skipped', 'dependency_failed', 'bad'])
  })

  it('skips a join once though all its dependencies fail, naming the first', async () => {
    const port = new FakePort()
    const onTaskEnd = vi.fn()
    const done = run(planOf([task('a'), task('b'), needing('join', 'a', 'b')]), fakeShop(port), new Cancellation(), {
      onTaskEnd,
    })
    port.callOf('b').fail('upstream_error')
    await quiet()
    port.callOf('a').fail('upstream_error')
    expect((await done)[2]).toMatchObject({
      status: 'skipped',
      cause: 'b',
      attempts: [],
      model: null,
      started_at_ms: null,
    })
    expect(onTaskEnd).toHaveBeenCalledTimes(3)
  })

  it('may skip a chain 10,000 deep', async () => {
    const port = new FakePort((call) => call.fail('upstream_error'))
    const chain = Array.from({ length: 10_001 }, (_, at) => (at === 0 ? task('t0') : needing(`t${at}`, `t${at - 1}`)))
    const outcomes = await run(planOf(chain), fakeShop(port))
    expect(outcomes.slice(1).every(({ status, cause }, at) => status === 'skipped' && cause === `t${at}`)).toBe(true)
    expect(port.calls).toHaveLength(1)
  })

  it('says which task a skipped one depended on, in words', async () => {
    const port = new FakePort((call) => call.fail('upstream_error'))
    const [, skipped] = await run(planOf([task('a'), needing('b', 'a')]), fakeShop(port))
    expect(skipped?.error?.message).toBe('Task "a", which this one depends on, did not succeed.')
  })
})

describe('a fault of our own', () => {
  it('fails only the task at which it happened, is reported, and costs no permit', async () => {
    const port = new FakePort()
    const shop = fakeShop(port)
    const onFault = vi.fn()
    const plan = planOf([task('a'), task('b'), needing('c', 'a')])
    const done = run(plan, shop, new Cancellation(), { onFault })
    const bug = new Error('bug')
    port.callOf('a').crash(bug)
    port.callOf('b').succeed()
    expect(said(await done)).toEqual([
      ['failed', 'internal_error', null],
      ['succeeded', null, null],
      ['skipped', 'dependency_failed', 'a'],
    ])
    expect(onFault).toHaveBeenCalledExactlyOnceWith(bug, plan.tasks[0])
    expect(shop.taken()).toBe(0)
  })

  it('does not tell the caller what went wrong inside', async () => {
    const port = new FakePort((call) => call.crash(new Error('patient Ann')))
    const [outcome] = await run(planOf([task('a')]), fakeShop(port), new Cancellation(), { onFault: () => undefined })
    expect(JSON.stringify(outcome)).not.toContain('Ann')
  })

  it('is contained also when the port throws before it promises anything', async () => {
    const shop = fakeShop({
      call: () => {
        throw new Error('bug')
      },
    })
    const [outcome] = await run(planOf([task('a')]), shop, new Cancellation(), { onFault: () => undefined })
    expect(outcome?.error?.code).toBe('internal_error')
    expect(shop.taken()).toBe(0)
  })
})

describe('a run that is cancelled', () => {
  it('aborts the calls in flight, gives up those that wait, and cancels what has not started', async () => {
    const port = new FakePort()
    const shop = fakeShop(port, { slots: { 'clinical-model': 2 } })
    const cancellation = new Cancellation()
    const tasks = [task('done'), task('flying'), task('waiting'), task('waiting2'), needing('later', 'flying', 'done')]
    const done = run(planOf(tasks), shop, cancellation)
    port.callOf('done').succeed()
    await port.nth(3)
    expect(port.asked).toEqual(['done', 'flying', 'waiting'])
    cancellation.cancel('cancelled')
    const outcomes = await done
    expect(said(outcomes)).toEqual([
      ['succeeded', null, null],
      ['cancelled', 'cancelled', null],
      ['cancelled', 'cancelled', null],
      ['cancelled', 'cancelled', null],
      ['cancelled', 'cancelled', null],
    ])
    expect(outcomes.map(({ attempts }) => attempts.map(({ outcome }) => outcome))).toEqual([
      ['ok'],
      ['cancelled'],
      ['cancelled'],
      [],
      [],
    ])
    expect(port.calls).toHaveLength(3)
    expect([shop.taken(), shop.waiting()]).toEqual([0, 0])
  })

  it('calls no model when it was cancelled before it began', async () => {
    const port = new FakePort()
    const cancellation = new Cancellation()
    cancellation.cancel('cancelled')
    const outcomes = await run(planOf([task('a'), needing('b', 'a')]), fakeShop(port), cancellation)
    expect(outcomes.map(({ status }) => status)).toEqual(['cancelled', 'cancelled'])
    expect(port.calls).toHaveLength(0)
  })

  it('keeps what had failed and been skipped before as it was', async () => {
    const port = new FakePort()
    const cancellation = new Cancellation()
    const done = run(planOf([task('bad'), needing('b', 'bad'), task('flying')]), fakeShop(port), cancellation)
    port.callOf('bad').fail('upstream_error')
    await quiet()
    cancellation.cancel('cancelled')
    expect((await done).map(({ status }) => status)).toEqual(['failed', 'skipped', 'cancelled'])
  })

  it('by its own deadline says of a call in flight that the server did not answer in time', async () => {
    const port = new FakePort()
    const cancellation = new Cancellation()
    const done = run(planOf([task('a'), needing('b', 'a')]), fakeShop(port), cancellation)
    await port.nth(1)
    cancellation.cancel('run_timeout')
    const outcomes = await done
    expect(outcomes.map(({ status }) => status)).toEqual(['cancelled', 'cancelled'])
    expect(outcomes[0]?.attempts).toMatchObject([{ outcome: 'upstream_timeout' }])
  })

  it('leaves a call that succeeded in the same moment a success, and starts nothing after it', async () => {
    const port = new FakePort()
    const cancellation = new Cancellation()
    const done = run(planOf([task('a'), needing('b', 'a')]), fakeShop(port), cancellation)
    port.callOf('a').succeed('made')
    cancellation.cancel('cancelled')
    expect((await done).map(({ status, content }) => [status, content])).toEqual([
      ['succeeded', 'made'],
      ['cancelled', null],
    ])
  })
})
