import { describe, expect, it } from 'vitest'
import type { ModelPort } from '../../src/models/port.ts'
import { Orchestrator } from '../../src/orchestrator.ts'
import type { RunObserver } from '../../src/run/observer.ts'
import { completion, FakePort, fakeShop } from '../helpers/fake-port.ts'
import { office, request, task } from '../helpers/plans.ts'
import { silent } from '../helpers/silent-observer.ts'

const caller = { tenant: 'default', subject: 'nurse-1', request_id: null }

/** Has its answer already when the run's time is over, and only looks at it once more. */
const slowToCheck: ModelPort = {
  call: (_model, _request, cancel) => new Promise((resolve) => void cancel.onCancel(() => resolve(completion()))),
}

const orchestrate = (observer: RunObserver) =>
  new Orchestrator({ office: office(), workshop: fakeShop(slowToCheck), observer, run_timeout_ms: 50 })

describe('a run', () => {
  it('whose answers were all whole when its time was over has not timed out', async () => {
    const { response, timed_out } = await orchestrate(silent).execute(request({ custom_tasks: [task('a')] }), {
      caller,
    })
    expect([response.status, timed_out]).toEqual(['succeeded', false])
  })

  it('has timed out when a task behind them could not start any more', async () => {
    const custom_tasks = [task('a'), task('b', { dependencies: ['a'] })]
    const { response, timed_out } = await orchestrate(silent).execute(request({ custom_tasks }), { caller })
    expect([response.status, timed_out]).toEqual(['partial', true])
  })

  it('goes on when whoever counts runs fails, and the fault is reported', async () => {
    const faults: unknown[] = []
    const broken = new Error('counter')
    const observer: RunObserver = {
      ...silent,
      runStarted: () => {
        throw broken
      },
      fault: (error) => faults.push(error),
    }
    const { response } = await orchestrate(observer).execute(request({ custom_tasks: [task('a')] }), { caller })
    expect([response.status, faults]).toEqual(['succeeded', [broken]])
  })
})

describe('a run that a human has to approve', () => {
  it.each([
    ['its document', { custom_tasks: [task('a')], approval: { four_eyes: false, expires_in_ms: 1000 } }],
    ['the text of a task', { custom_tasks: [task('a', { requires_approval: true })] }],
  ])('is refused where nothing is kept, not run as if it were approved: %s', async (_, asked) => {
    const port = new FakePort()
    const parts = { office: office(), workshop: fakeShop(port), observer: silent, run_timeout_ms: 50 }
    await expect(new Orchestrator(parts).execute(request(asked), { caller })).rejects.toMatchObject({
      code: 'invalid_request',
    })
    expect(port.calls).toEqual([])
  })
})

describe('a run that is measured', () => {
  it('tells of each task once as ended and once as measured, owes the lanes its second pass, and nothing afterwards', async () => {
    const told: string[] = []
    const owed: number[] = []
    const port = new FakePort((call) => {
      owed.push(workshop.backlog.total('clinical-model'))
      queueMicrotask(call.succeed)
    })
    const workshop = fakeShop(port)
    workshop.forecast.learn('Clinical', 'clinical-model', 100, null, true)
    const observer: RunObserver = {
      ...silent,
      taskEnded: ({ task_id }) => told.push(`ended ${task_id}`),
      taskMeasured: ({ task_id }) => told.push(`measured ${task_id}`),
    }
    const orchestrator = new Orchestrator({ office: office(), workshop, observer, run_timeout_ms: 5000 })
    const custom_tasks = [task('a'), task('b', { dependencies: ['a'] })]
    await orchestrator.execute(request({ custom_tasks, measure: 'sequential' }), { caller })
    expect(told).toEqual(['ended a', 'ended b', 'measured a', 'measured b'])
    expect(owed.map((ms) => ms > 0)).toEqual([true, true, true, true])
    expect(owed[2]).toBeGreaterThan(owed[3] as number)
    expect(workshop.backlog.total('clinical-model')).toBe(0)
  })
})
