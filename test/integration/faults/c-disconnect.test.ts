import { describe, expect, it } from 'vitest'
import { CHAT, CLINICAL, MEDICAL_QA, queued } from '../../helpers/service.ts'
import { total } from '../lanes/oracle.ts'
import type { Caller } from './caller.ts'
import { clinicalRun } from './cases.ts'
import { startTrial, type Trial } from './oracle.ts'
import { GRACE_MS, until } from './until.ts'

/** The caller leaves: within a second the servers' own books show `calls` calls broken off, and the run has ended. */
async function expectCancelled(trial: Trial, caller: Caller, calls: number, tasks: number): Promise<void> {
  const { ledger } = trial.simulator
  const left = performance.now()
  caller.leave()
  const [run] = await caller.ended()
  expect(run).toMatchObject({ status: 'cancelled', tasks, errors: { cancelled: tasks }, timed_out: false })
  await until(() => ledger.aborted === calls, `${calls} calls broken off`)
  for (const { aborted, endedAt } of ledger.entries)
    if (aborted) expect((endedAt ?? Number.POSITIVE_INFINITY) - left).toBeLessThan(GRACE_MS)
  const refused = trial.lines.filter(({ msg, method }) => msg === 'request refused' && method === 'POST')
  expect(refused).toMatchObject([{ status: 499, code: 'caller_left', request_id: run?.request_id }])
}

describe.each([
  ['waits for its answer', 'application/json'],
  ['reads its events', 'text/event-stream'],
])('C01 a caller who %s and goes away', (_, accept) => {
  it('C01 mid-run: every call in flight is broken off, and what depended on them never starts', async () => {
    const trial = await startTrial()
    trial.server(CHAT).setFaults([{ kind: 'hang' }])
    trial.server(CLINICAL).setFaults([{ kind: 'hang_body' }])
    trial.server(MEDICAL_QA).setFaults([{ kind: 'trickle', interval_ms: 20 }])
    const tasks = [
      { task_id: 'a' },
      { task_id: 'b', agent_type: 'Clinical' },
      { task_id: 'c', agent_type: 'MedicalQA' },
      { task_id: 'after', agent_type: 'Billing', dependencies: ['a'] },
    ]
    const caller = await trial.come(clinicalRun(tasks), accept)
    await trial.simulator.ledger.until(({ received }) => received === 3)
    await expectCancelled(trial, caller, 3, 4)
    expect(trial.simulator.ledger.received).toBe(3)
  })

  it('C01 while queued: its place is given up, no server hears of it, and who holds the permit goes on', async () => {
    const trial = await startTrial({ simulator: { slots: 1, latencyMs: 300 } })
    const holder = trial.ask(clinicalRun([{ task_id: 'holds' }]))
    await trial.simulator.ledger.until(({ received }) => received === 1)
    const caller = await trial.come(clinicalRun([{ task_id: 'waits' }]), accept)
    await queued(trial, CHAT, 1)
    await expectCancelled(trial, caller, 0, 1)
    expect((await holder).run?.status).toBe('succeeded')
    expect(trial.simulator.ledger.received).toBe(1)
  })

  it('C01 while backing off: the server is not asked again', async () => {
    const trial = await startTrial()
    trial.server(CHAT).setFaults([{ kind: 'status', status: 503, retry_after: '5' }])
    const caller = await trial.come(clinicalRun([{ task_id: 'a' }]), accept)
    await until(async () => {
      const { text } = await trial.app.service.scrape()
      return total(text, 'consilium_model_retries_total', /result="allowed"/) === 1
    }, 'the back-off')
    await expectCancelled(trial, caller, 0, 1)
    expect(trial.simulator.ledger.received).toBe(1)
  })

  it('C01 while a second call runs beside a slow one: both are broken off', async () => {
    const trial = await startTrial({
      roster: (running) => ({
        ...running,
        agents: { ...running.agents, Clinical: { model: CLINICAL, fallbacks: [MEDICAL_QA], hedge_after_ms: 20 } },
      }),
    })
    for (const model of [CLINICAL, MEDICAL_QA]) trial.server(model).setFaults([{ kind: 'hang' }])
    const caller = await trial.come(clinicalRun([{ task_id: 'a', agent_type: 'Clinical' }]), accept)
    await trial.simulator.ledger.until(({ received }) => received === 2)
    await expectCancelled(trial, caller, 2, 1)
    for (const model of [CLINICAL, MEDICAL_QA]) expect(trial.server(model).ledger.aborted).toBe(1)
  })
})

it('C01 fifty callers who leave at once, with one call each at the server or waiting: nothing stays behind', async () => {
  const trial = await startTrial({ simulator: { slots: 4 } })
  trial.server(CHAT).setFaults(() => ({ kind: 'hang' }))
  const bodies = Array.from({ length: 50 }, (_, at) => clinicalRun([{ task_id: `t${at}` }]))
  const callers = await Promise.all(bodies.map((body) => trial.come(body)))
  await queued(trial, CHAT, 46)
  for (const { leave } of callers) leave()
  const ends = (await Promise.all(callers.map(({ ended }) => ended()))).flat()
  expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['cancelled']))
  trial.server(CHAT).setFaults([])
  expect((await trial.ask(clinicalRun([{ task_id: 'next' }]))).run?.status).toBe('succeeded')
})
