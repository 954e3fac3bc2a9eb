import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../../src/contract/outcome.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import type { Course } from '../../../src/run/course.ts'
import { runPlan } from '../../../src/run/scheduler.ts'
import { FakePort, fakeShop, quiet } from '../../helpers/fake-port.ts'
import { opened, runWhole, STRICT } from '../../helpers/opened.ts'
import { acyclic, needing, planOf, task } from '../../helpers/plans.ts'

type Fate = 'ok' | 'fail'

const planFrom = (dependencies: readonly (readonly number[])[]) =>
  planOf(dependencies.map((list, at) => task(`t${at}`, { dependencies: list.map((d) => `t${d}`) })))

/** Runs a plan whose calls end as fated, in an order of the scheduler's. */
function runner(dependencies: readonly (readonly number[])[], fates: readonly Fate[], scheduler: fc.Scheduler) {
  const plan = planFrom(dependencies)
  return async (course: Course = {}) => {
    const ends: number[] = []
    const port = new FakePort((call) => {
      const index = Number(/^Write t(\d+)\./.exec(String(call.request.user))?.[1])
      void scheduler.schedule(Promise.resolve()).then(() => {
        if (fates[index] === 'ok') call.succeed(`text ${index}`)
        else call.fail('upstream_rejected')
      })
    })
    const shop = fakeShop(port)
    const hooks = { ...STRICT, onTaskEnd: ({ index }: { index: number }) => void ends.push(index) }
    const outcomes = await scheduler.waitFor(runPlan(plan, shop, opened(plan, shop), hooks, course))
    expect([shop.taken(), shop.waiting()]).toEqual([0, 0])
    return { outcomes, ends, asked: port.asked.map((id) => Number(id.slice(1))) }
  }
}

const brief = (outcomes: readonly (Outcome | undefined)[]) =>
  outcomes.map((outcome) => outcome && [outcome.status, outcome.content, outcome.error?.code ?? null])

/** The tasks behind these, at any distance. */
function behind(dependencies: readonly (readonly number[])[], from: ReadonlySet<number>): Set<number> {
  const found = new Set<number>()
  for (let grew = true; grew; ) {
    grew = false
    for (const [index, list] of dependencies.entries())
      if (!found.has(index) && list.some((before) => from.has(before) || found.has(before))) {
        found.add(index)
        grew = true
      }
  }
  return found
}

const scenario = acyclic(12).chain((dependencies) =>
  fc.record({
    dependencies: fc.constant(dependencies),
    fates: fc.array(fc.constantFrom<Fate>('ok', 'ok', 'ok', 'fail'), {
      minLength: dependencies.length,
      maxLength: dependencies.length,
    }),
    cut: fc.nat({ max: dependencies.length }),
    held: fc.subarray([...dependencies.keys()]).map((list) => new Set(list)),
    scheduler: fc.scheduler(),
  }),
)

describe('a run that goes on', () => {
  it('after any number of ended tasks ends as if it had run whole, and does nothing twice', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ dependencies, fates, cut, scheduler }) => {
        const run = runner(dependencies, fates, scheduler)
        const whole = await run()
        const finished = new Map(whole.ends.slice(0, cut).map((index) => [index, whole.outcomes[index] as Outcome]))
        const rest = await run({ finished })
        expect(brief(rest.outcomes)).toEqual(brief(whole.outcomes))
        for (const [index, outcome] of finished) expect(rest.outcomes[index]).toBe(outcome)
        expect(rest.ends.toSorted()).toEqual(whole.ends.slice(cut).toSorted())
        expect(rest.asked.filter((index) => finished.has(index))).toEqual([])
        expect(rest.asked.toSorted()).toEqual(whole.asked.filter((index) => !finished.has(index)).toSorted())
      }),
      { numRuns: 200 },
    )
  })
})

describe('a run that is held up', () => {
  it('starts nothing behind a hold, ends all else, and released it ends as if it had not been held', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ dependencies, fates, held, scheduler }) => {
        const run = runner(dependencies, fates, scheduler)
        const whole = await run()
        const first = await run({ holds: ({ index }) => held.has(index) })
        const holding = new Set([...held].filter((index) => first.outcomes[index]?.status === 'succeeded'))
        const stuck = behind(dependencies, holding)
        expect(first.asked.filter((index) => stuck.has(index))).toEqual([])
        for (const [index, outcome] of first.outcomes.entries()) {
          if (!stuck.has(index)) expect(brief([outcome])).toEqual(brief([whole.outcomes[index]]))
          // Behind a hold only what cannot succeed any more has its end.
          else if (outcome !== undefined) expect(outcome.status).toBe('skipped')
        }
        const finished = new Map(
          first.outcomes.flatMap((outcome, index) => (outcome === undefined ? [] : [[index, outcome] as const])),
        )
        // All at once: each hold that is left is one that was decided.
        let course: Course = { finished }
        let last = first
        for (let rounds = 0; rounds <= held.size && last.outcomes.includes(undefined); rounds++) {
          const known = course.finished as ReadonlyMap<number, Outcome>
          last = await run({ finished: known, holds: ({ index }) => held.has(index) && !known.has(index) })
          course = {
            finished: new Map(
              last.outcomes.flatMap((one, index) => (one === undefined ? [] : [[index, one] as const])),
            ),
          }
        }
        expect(last.outcomes.map((one) => one?.status)).toEqual(whole.outcomes.map((one) => one?.status))
      }),
      { numRuns: 200 },
    )
  })

  it('and cancelled while others work: what is behind the hold ends as cancelled', async () => {
    const port = new FakePort()
    const shop = fakeShop(port)
    const plan = planOf([task('a'), task('b'), needing('behind', 'a'), needing('last', 'behind', 'b')])
    const cancellation = new Cancellation()
    const running = runWhole(plan, shop, opened(plan, shop, { cancellation }), STRICT, {
      holds: ({ task_id }) => task_id === 'a',
    })
    await quiet()
    port.callOf('a').succeed('text a')
    await quiet()
    expect(port.asked).toEqual(['a', 'b'])
    cancellation.cancel('cancelled')
    expect((await running).map(({ status }) => status)).toEqual(['succeeded', 'cancelled', 'cancelled', 'cancelled'])
    expect(port.asked).toEqual(['a', 'b'])
  })

  it('and cancelled before it goes on: nothing is asked, what was done stays', async () => {
    const plan = planOf([task('a'), needing('behind', 'a')])
    const first = fakeShop(new FakePort((call) => call.succeed('text a')))
    const course: Course = { holds: ({ task_id }) => task_id === 'a' }
    const [done] = await runPlan(plan, first, opened(plan, first), STRICT, course)
    const cancellation = new Cancellation()
    cancellation.cancel('cancelled')
    const port = new FakePort()
    const shop = fakeShop(port)
    const finished = new Map([[0, done as Outcome]])
    const outcomes = await runWhole(plan, shop, opened(plan, shop, { cancellation }), STRICT, { ...course, finished })
    expect(outcomes.map(({ status }) => status)).toEqual(['succeeded', 'cancelled'])
    expect(port.calls).toEqual([])
  })
})
