import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PlanTask } from '../../../src/plan/plan.ts'
import { Backlog } from '../../../src/run/backlog.ts'
import { RunLoad } from '../../../src/run/run-load.ts'
import { planOf, task } from '../../helpers/plans.ts'

const MODELS = ['clinical-model', 'qa-model', 'billing-model']
const { tasks } = planOf([
  task('a', { priority: 2 }),
  task('b', { agent_type: 'MedicalQA' }),
  task('c', { agent_type: 'Billing', priority: 5 }),
])
const works = [100, 20, 3]
const pinned = ({ planned_model }: PlanTask) => planned_model
const totals = (backlog: Backlog) => MODELS.map((model) => backlog.total(model))

function admitted() {
  const backlog = new Backlog()
  return { backlog, load: new RunLoad(backlog, 'ours', tasks, works, pinned) }
}

describe('what a run owes', () => {
  it('stands at the lanes of its tasks, in their classes, from its admission', () => {
    const { backlog } = admitted()
    expect(totals(backlog)).toEqual([100, 20, 3])
    expect([backlog.ahead('clinical-model', 'ours', 2, 0), backlog.ahead('clinical-model', 'ours', 3, 0)]).toEqual([
      100, 0,
    ])
  })

  it('goes with a task from fallback to fallback and is gone when it ends', () => {
    const { backlog, load } = admitted()
    load.move(0, 'qa-model')
    expect(totals(backlog)).toEqual([0, 120, 3])
    load.move(0, 'billing-model')
    expect(totals(backlog)).toEqual([0, 20, 103])
    load.end(0)
    expect(totals(backlog)).toEqual([0, 20, 3])
  })

  it('is taken back once, however often a task ends, and nothing comes back after it', () => {
    const { backlog, load } = admitted()
    backlog.add('clinical-model', 'ours', 2, 1000)
    load.end(0)
    load.end(0)
    load.move(0, 'qa-model')
    expect(totals(backlog)).toEqual([1000, 20, 3])
  })

  it('is nothing again whatever several runs did, once all their tasks have ended', () => {
    const step = fc.record({
      run: fc.nat({ max: 2 }),
      task: fc.nat({ max: 2 }),
      to: fc.option(fc.constantFrom(...MODELS)),
    })
    const work = fc.double({ min: 0, max: 1e5, noNaN: true })
    const run = fc.record({ tenant: fc.constantFrom('x', 'y'), works: fc.tuple(work, work, work) })
    fc.assert(
      fc.property(fc.tuple(run, run, run), fc.array(step, { maxLength: 40 }), (runs, steps) => {
        const backlog = new Backlog()
        const loads = runs.map((own) => new RunLoad(backlog, own.tenant, tasks, own.works, pinned))
        const all = runs.flatMap((own) => own.works).reduce((sum, one) => sum + one, 0)
        for (const { run: at, task: index, to } of steps) {
          const load = loads[at] as RunLoad
          if (to === null) load.end(index)
          else load.move(index, to)
          for (const total of totals(backlog)) {
            expect(total).toBeGreaterThan(-1e-6)
            expect(total).toBeLessThan(all + 1e-6)
          }
        }
        for (const load of loads) for (const { index } of tasks) load.end(index)
        expect(totals(backlog)).toEqual([0, 0, 0])
      }),
    )
  })
})
