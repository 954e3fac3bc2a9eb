import { describe, expect, it, vi } from 'vitest'
import type { Outcome } from '../../../src/contract/outcome.ts'
import type { Plan } from '../../../src/plan/plan.ts'
import type { RunContext } from '../../../src/run/run-context.ts'
import type { RunHooks } from '../../../src/run/scheduler.ts'
import { FakePort, type FakeShop, fakeShop, quiet } from '../../helpers/fake-port.ts'
import { opened, runWhole, STRICT } from '../../helpers/opened.ts'
import { needing, planOf, task } from '../../helpers/plans.ts'

const run = (plan: Plan, shop: FakeShop, own: Partial<RunContext> = {}, hooks: Partial<RunHooks> = {}) =>
  runWhole(plan, shop, opened(plan, shop, own), { ...STRICT, ...hooks })

const wide = { slots: { 'clinical-model': 100 } }
const statuses = (outcomes: readonly Outcome[]) => outcomes.map(({ status }) => status)

describe('a run', () => {
  it('starts every task that depends on nothing at once', async () => {
    const port = new FakePort()
    const done = run(planOf([task('a'), task('b'), needing('c', 'a')]), fakeShop(port, wide))
    await quiet()
    expect(port.asked).toEqual(['a', 'b'])
    for (const call of port.calls) call.succeed()
    ;(await port.nth(3)).succeed()
    expect(statuses(await done)).toEqual(['succeeded', 'succeeded', 'succeeded'])
  })

  it('starts a task the moment its own dependencies have ended: there is no wave', async () => {
    // slow is the first wave's straggler; the quick branch must pass it by two levels.
    const port = new FakePort()
    const tasks = [
      task('slow'),
      task('quick'),
      needing('next', 'quick'),
      needing('last', 'next'),
      needing('end', 'slow', 'last'),
    ]
    const done = run(planOf(tasks), fakeShop(port, wide))
    port.callOf('quick').succeed()
    ;(await port.nth(3)).succeed()
    ;(await port.nth(4)).succeed()
    await quiet()
    expect(port.asked).toEqual(['slow', 'quick', 'next', 'last'])
    port.callOf('slow').succeed()
    ;(await port.nth(5)).succeed()
    expect(port.asked.at(-1)).toBe('end')
    expect(statuses(await done)).toEqual(Array(5).fill('succeeded'))
  })

  it('hands the outputs of its dependencies to a task, and says which were cut', async () => {
    const port = new FakePort()
    const done = run(planOf([task('a'), task('b'), needing('c', 'a', 'b')]), fakeShop(port, wide))
    port.callOf('a').succeed('first $& {{context.x}}')
    port.callOf('b').succeed('second', { truncated: true })
    const third = await port.nth(3)
    expect(String(third.request.user)).toContain('<output task="a" agent="Clinical">first $& {{context.x}}</output>')
    expect(String(third.request.user)).toContain('incomplete="true">second</output>')
    third.succeed()
    expect((await done)[1]).toMatchObject({ status: 'succeeded', truncated: true, error: null })
  })

  it('gives the outcomes in plan order, and tells of ends in the order in which they come', async () => {
    const port = new FakePort()
    const ends: string[] = []
    const plan = planOf([needing('c', 'a'), task('b'), task('a')])
    const done = run(plan, fakeShop(port, wide), {}, { onTaskEnd: ({ task_id }) => ends.push(task_id) })
    port.callOf('a').succeed('A')
    ;(await port.nth(3)).succeed('C')
    await quiet()
    port.callOf('b').succeed('B')
    expect((await done).map(({ content }) => content)).toEqual(['C', 'B', 'A'])
    expect(ends).toEqual(['a', 'c', 'b'])
  })

  it('sends each task to the model of its agent, and waits there while the permits are taken', async () => {
    const port = new FakePort()
    const shop = fakeShop(port, { slots: { 'clinical-model': 1, 'billing-model': 1 } })
    const plan = planOf([task('a'), task('b'), task('c', { agent_type: 'Billing' })])
    const done = run(plan, shop)
    await quiet()
    expect(port.calls.map(({ model }) => model)).toEqual(['clinical-model', 'billing-model'])
    expect(shop.waiting()).toBe(1)
    for (const call of port.calls) call.succeed()
    ;(await port.nth(3)).succeed()
    await done
    expect([shop.taken(), shop.waiting()]).toEqual([0, 0])
  })

  it('serves those who wait by priority, then by the longest remaining path', async () => {
    const port = new FakePort((call) => queueMicrotask(call.succeed))
    const plan = planOf([
      task('holder'),
      task('single'),
      task('head'),
      needing('tail', 'head'),
      task('urgent', { priority: 4 }),
    ])
    await run(plan, fakeShop(port, { slots: { 'clinical-model': 1 } }))
    expect(port.asked).toEqual(['holder', 'urgent', 'head', 'single', 'tail'])
  })

  it('of no tasks ends at once', async () => {
    const plan = { ...planOf([task('a')]), tasks: [], graph: { dependencies: [], dependents: [], order: [] } }
    expect(await run(plan, fakeShop(new FakePort()))).toEqual([])
  })

  it('carries a chain of 2,000 tasks to its end', async () => {
    const port = new FakePort((call) => call.succeed())
    const chain = Array.from({ length: 2000 }, (_, at) => (at === 0 ? task('t0') : needing(`t${at}`, `t${at - 1}`)))
    const shop = fakeShop(port)
    const outcomes = await run(planOf(chain), shop)
    expect(new Set(statuses(outcomes))).toEqual(new Set(['succeeded']))
    expect(shop.taken()).toBe(0)
  })
})

describe('the events of a run', () => {
  it('tell of each task queued, started and ended, in that order, with the model and times', async () => {
    const port = new FakePort((call) =>
      queueMicrotask(() => (call.model === 'billing-model' ? call.fail('upstream_error') : call.succeed())),
    )
    const told: string[] = []
    const plan = planOf([task('a'), task('b', { agent_type: 'Billing' }), needing('c', 'b')])
    const emit: RunContext['emit'] = ({ event, data }) => {
      expect('at_ms' in data && data.at_ms).toBeGreaterThanOrEqual(0)
      told.push(`${event} ${data.task_id}${'code' in data ? ` ${data.code}` : ''}`)
    }
    await run(plan, fakeShop(port), { emit })
    expect(told.filter((line) => line.includes(' a'))).toEqual(['task.queued a', 'task.started a', 'task.succeeded a'])
    expect(told.filter((line) => / [bc]/.test(line))).toEqual([
      'task.queued b',
      'task.started b',
      'task.failed b upstream_error',
      'task.skipped c dependency_failed',
    ])
  })

  it('cannot change how the run ends when a listener throws: it is told as a fault, and no permit is lost', async () => {
    const port = new FakePort((call) => queueMicrotask(call.succeed))
    const shop = fakeShop(port)
    const onFault = vi.fn()
    const emit = () => {
      throw new Error('listener')
    }
    const outcomes = await run(planOf([task('a'), needing('b', 'a')]), shop, { emit }, { onFault })
    expect(statuses(outcomes)).toEqual(['succeeded', 'succeeded'])
    expect(onFault.mock.calls.map(([error, { task_id }]) => `${error.message} ${task_id}`)).toEqual([
      ...Array(3).fill('listener a'),
      ...Array(3).fill('listener b'),
    ])
    expect(shop.taken()).toBe(0)
  })

  it('cannot change it either when whoever hears of the ends of tasks throws', async () => {
    const port = new FakePort((call) => queueMicrotask(call.succeed))
    const onFault = vi.fn()
    const onTaskEnd = () => {
      throw new Error('listener')
    }
    const outcomes = await run(planOf([task('a'), needing('b', 'a')]), fakeShop(port), {}, { onFault, onTaskEnd })
    expect(statuses(outcomes)).toEqual(['succeeded', 'succeeded'])
    expect(onFault.mock.calls.map(([error, { task_id }]) => `${error.message} ${task_id}`)).toEqual([
      'listener a',
      'listener b',
    ])
  })
})
