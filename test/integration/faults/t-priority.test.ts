import { describe, expect, it } from 'vitest'
import { builtinRoster } from '../../../src/models/builtin-roster.ts'
import { CHAT, CLINICAL, MEDICAL_QA, queued } from '../../helpers/service.ts'
import { clinicalRun, resultIn } from './cases.ts'
import { orderAt } from './crowd.ts'
import { startTrial, type Trial } from './oracle.ts'

const TRIAGE = 'Tiny-LLaMA-1.1B-Medical'
/** Long enough for all others to have come by then. */
const HOLD = { kind: 'slow', ms: 300 } as const

const say = (task_id: string, more: object = {}) => ({ task_id, prompt: `Say ${task_id}.`, ...more })

/** What arrived at a server, by the names in the prompts. */
const arrived = (trial: Trial, model: string, ...names: string[]) =>
  orderAt(
    trial.server(model),
    names.map((name) => `Say ${name}.`),
  ).map((prompt) => prompt?.slice(4, -1))

describe('T03 a flood of priority 5 that does not end, and one task of priority 1', () => {
  const LATENCY_MS = 5
  const AGING_MS = 20
  const WIDTH = 4

  /** Keeps `WIDTH` runs of priority 5 waiting until the one of priority 1 has been answered, or `most` have been. */
  async function flooded(aging_ms: number, most: number) {
    const trial = await startTrial({
      env: { PRIORITY_AGING_MS: String(aging_ms) },
      simulator: { slots: 1, latencyMs: LATENCY_MS },
    })
    let done = false
    let urgent = 0
    const worker = async () => {
      while (!done && urgent < most) {
        const { run } = await trial.ask(clinicalRun([say('urgent', { priority: 5 })]))
        expect(run?.status).toBe('succeeded')
        urgent++
      }
    }
    const workers = Array.from({ length: WIDTH }, worker)
    const { ledger } = trial.server(CHAT)
    await ledger.until(({ received }) => received >= WIDTH)
    const before = ledger.received
    const patient = trial.ask(clinicalRun([say('patient', { priority: 1 })])).then((heard) => {
      done = true
      return heard
    })
    const heard = await patient
    await Promise.all(workers)
    return { heard, ahead: arrived(trial, CHAT, 'patient').indexOf('patient') - before }
  }

  it('T03 it is served as soon as it has risen four classes, by which time the flood has had its calls', async () => {
    const { heard, ahead } = await flooded(AGING_MS, 2000)
    expect(heard.run?.status).toBe('succeeded')
    // All that fit into four steps of aging, those that were already there, and a few while it was on its way.
    expect(ahead).toBeLessThanOrEqual((4 * AGING_MS) / LATENCY_MS + 3 * WIDTH)
  })

  it('T03 until it has aged, the urgent go first', async () => {
    const { ahead } = await flooded(600_000, 60)
    expect(ahead).toBeGreaterThan(40)
  })
})

describe('T04 an urgent task that waits for one that is not', () => {
  it('T04 lends its priority to all that it depends on: they pass what is less urgent, in every lane', async () => {
    const trial = await startTrial({ simulator: { slots: 1 } })
    trial.server(CHAT).setFaults([HOLD])
    trial.server(CLINICAL).setFaults([{ ...HOLD, ms: 3 * HOLD.ms }])
    const holders = ['Chat', 'Clinical'].map((agent_type) =>
      trial.ask(clinicalRun([say('holder', { agent_type, priority: 3 })])),
    )
    await trial.simulator.ledger.until(({ received }) => received === 2)
    const ordinary = ['Chat', 'Clinical'].map((agent_type) =>
      trial.ask(clinicalRun([1, 2, 3].map((n) => say(`ordinary${n}`, { agent_type, priority: 3 })))),
    )
    for (const model of [CHAT, CLINICAL]) await queued(trial, model, 3)
    const heard = await trial.ask(
      clinicalRun([
        say('beside', { priority: 0 }),
        say('first', { priority: 0 }),
        say('second', { priority: 2, agent_type: 'Clinical', dependencies: ['first'] }),
        say('urgent', { priority: 5, dependencies: ['second'] }),
      ]),
    )
    await Promise.all([...holders, ...ordinary])
    expect(['beside', 'first', 'second', 'urgent'].map((id) => resultIn(heard, id).priority)).toEqual([0, 5, 5, 5])
    const chat = arrived(trial, CHAT, 'holder', 'ordinary1', 'ordinary2', 'ordinary3', 'urgent', 'first', 'beside')
    expect(chat.slice(0, 6)).toEqual(['holder', 'first', 'ordinary1', 'ordinary2', 'ordinary3', 'beside'])
    expect(arrived(trial, CLINICAL, 'holder', 'second').indexOf('second')).toBe(1)
  })

  it('T04 waits for no more than the call in flight', async () => {
    const trial = await startTrial({ simulator: { slots: 1 } })
    trial.server(CHAT).setFaults([HOLD])
    const low = trial.ask(clinicalRun(Array.from({ length: 6 }, (_, n) => say(`low${n}`))))
    await queued(trial, CHAT, 5)
    const urgent = trial.ask(clinicalRun([say('urgent', { priority: 5 })]))
    await queued(trial, CHAT, 6)
    const before = trial.server(CHAT).ledger.received
    expect((await urgent).run?.status).toBe('succeeded')
    expect((await low).run?.status).toBe('succeeded')
    expect(arrived(trial, CHAT, 'urgent').indexOf('urgent')).toBe(before)
  })

  it('T04 on a GPU that several models share: the next permit of the GPU is its own', async () => {
    const roster = { ...builtinRoster, gpus: [{ id: 0, max_concurrent: 1 }, { id: 1 }] }
    const trial = await startTrial({ simulator: { roster, slots: 2 } })
    for (const model of [TRIAGE, CLINICAL]) trial.server(model).setFaults([HOLD])
    const low = trial.ask(
      clinicalRun(Array.from({ length: 6 }, (_, n) => say(`low${n}`, { agent_type: n % 2 ? 'Clinical' : 'Triage' }))),
    )
    await trial.simulator.ledger.until(({ received }) => received === 1)
    const urgent = trial.ask(clinicalRun([say('urgent', { agent_type: 'MedicalQA', priority: 5 })]))
    await queued(trial, MEDICAL_QA, 1)
    const before = trial.simulator.ledger.received
    await trial.server(MEDICAL_QA).ledger.until(({ received }) => received === 1)
    expect(trial.simulator.ledger.received).toBe(before + 1)
    expect((await urgent).run?.status).toBe('succeeded')
    expect((await low).run?.status).toBe('succeeded')
    expect(trial.simulator.ledger.maxInFlight).toBe(1)
  })
})
