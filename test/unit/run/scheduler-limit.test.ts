import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { FakePort, fakeShop } from '../../helpers/fake-port.ts'
import { opened, runWhole, STRICT } from '../../helpers/opened.ts'
import { acyclic, needing, planOf, task } from '../../helpers/plans.ts'

const wide = { slots: { 'clinical-model': 100 } }

const planned = (dependencies: readonly (readonly number[])[]) =>
  planOf(dependencies.map((list, at) => needing(`t${at}`, ...list.map((before) => `t${before}`))))

describe('a run of any shape with at most n tasks in flight', () => {
  it('never has more, and never fewer while more are ready', async () => {
    await fc.assert(
      fc.asyncProperty(
        acyclic(12),
        fc.integer({ min: 1, max: 4 }),
        fc.scheduler(),
        async (dependencies, most, scheduler) => {
          const plan = planned(dependencies)
          const done = new Set<number>()
          const asked = new Set<number>()
          const wrong: string[] = []
          const port = new FakePort((call) => {
            const index = Number(/^Write t(\d+)\./.exec(String(call.request.user))?.[1])
            asked.add(index)
            void scheduler.schedule(Promise.resolve(), `t${index}`).then(() => {
              const ready = dependencies.filter((list, at) => !done.has(at) && list.every((before) => done.has(before)))
              const flying = asked.size - done.size
              if (flying !== Math.min(most, ready.length)) wrong.push(`${flying} of ${ready.length} ready`)
              done.add(index)
              call.succeed()
            })
          })
          const shop = fakeShop(port, wide)
          const outcomes = await scheduler.waitFor(
            runWhole(plan, shop, opened(plan, shop), STRICT, { max_in_flight: most }),
          )
          expect(wrong).toEqual([])
          expect(outcomes.every(({ status }) => status === 'succeeded')).toBe(true)
          expect(shop.taken()).toBe(0)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('with 1 goes through the tasks in the topological order of the plan', async () => {
    await fc.assert(
      fc.asyncProperty(acyclic(12), async (dependencies) => {
        const plan = planned(dependencies)
        const port = new FakePort((call) => queueMicrotask(call.succeed))
        const shop = fakeShop(port, wide)
        await runWhole(plan, shop, opened(plan, shop), STRICT, { max_in_flight: 1 })
        expect(port.asked).toEqual(plan.graph.order.map((index) => `t${index}`))
      }),
    )
  })
})

describe('tasks that are held back', () => {
  it('are cancelled with their run and ask no model', async () => {
    const plan = planOf([task('a'), task('b'), needing('c', 'b')])
    const port = new FakePort()
    const shop = fakeShop(port, wide)
    const cancellation = new Cancellation()
    const done = runWhole(plan, shop, opened(plan, shop, { cancellation }), STRICT, { max_in_flight: 1 })
    await port.nth(1)
    cancellation.cancel('cancelled')
    expect((await done).map(({ status }) => status)).toEqual(['cancelled', 'cancelled', 'cancelled'])
    expect(port.asked).toEqual(['a'])
    expect([shop.taken(), shop.waiting()]).toEqual([0, 0])
  })

  it('go on after a task that failed', async () => {
    const plan = planOf([task('a'), task('b'), needing('c', 'a')])
    const port = new FakePort((call) =>
      queueMicrotask(() =>
        String(call.request.user).startsWith('Write a.') ? call.fail('upstream_error') : call.succeed(),
      ),
    )
    const shop = fakeShop(port, wide)
    const outcomes = await runWhole(plan, shop, opened(plan, shop), STRICT, { max_in_flight: 1 })
    expect(outcomes.map(({ status }) => status)).toEqual(['failed', 'succeeded', 'skipped'])
  })
})
