import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../simulator/faults.ts'
import { CHAT, CLINICAL, queued } from '../../helpers/service.ts'
import { seeded } from '../lanes/oracle.ts'
import { clinicalRun, resultIn } from './cases.ts'
import type { Heard } from './heard.ts'
import { startTrial } from './oracle.ts'

const FAILS: Fault = { kind: 'status', status: 500 }

/** Makes `count` calls, at most `width` at once. */
async function crowd(count: number, width: number, call: (n: number) => Promise<Heard>): Promise<Heard[]> {
  const heard: Heard[] = []
  let next = 0
  const worker = async () => {
    while (next < count) heard.push(await call(next++))
  }
  await Promise.all(Array.from({ length: width }, worker))
  return heard
}

const percentile = (values: number[], share: number): number =>
  values.sort((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? Number.NaN

describe('M06, M24 a server of which half of the answers are errors', () => {
  const AMPLIFICATION = 1.2

  it('M06 is not drowned in retries: no more than a fifth on top of the first tries', async () => {
    const trial = await startTrial({ simulator: { slots: 8 } })
    // 9 of any 20 fail, so that the breaker, which opens at 10, leaves the retry budget on its own.
    trial.server(CHAT).setFaults((n) => (n % 20 < 18 && n % 2 === 0 ? FAILS : null))
    const heard = await crowd(300, 8, () => trial.ask(clinicalRun([{ task_id: 'a' }])))
    expect(heard.flatMap((one) => resultIn(one, 'a').attempts.map(({ outcome }) => outcome))).not.toContain(
      'breaker_open',
    )
    expect(trial.server(CHAT).ledger.received).toBeLessThanOrEqual(300 * AMPLIFICATION)
    const saved = heard.filter((one) => resultIn(one, 'a').attempts.length > 1 && one.run?.success)
    expect(saved.length, 'tasks that a retry saved').toBeGreaterThan(10)
  })

  it('M24 that fails at random is left for the fallback: all runs succeed, in bounded time, without a storm', async () => {
    const trial = await startTrial({ simulator: { slots: 4 }, env: { BREAKER_COOLDOWN_MS: '600000' } })
    const random = seeded(24)
    trial.server(CLINICAL).setFaults(() => (random() < 0.5 ? FAILS : null))
    const states: string[] = []
    const heard = await crowd(200, 8, async () => {
      const one = await trial.ask(clinicalRun([{ task_id: 'a', agent_type: 'Clinical', timeout_ms: 5000 }]))
      states.push((await trial.view(CLINICAL)).breaker)
      return one
    })
    expect(heard.filter(({ run }) => run?.status !== 'succeeded')).toEqual([])
    expect(
      percentile(
        heard.map(({ elapsed_ms }) => elapsed_ms),
        0.99,
      ),
    ).toBeLessThan(2000)
    const opened = states.indexOf('open')
    expect(opened).toBeGreaterThan(-1)
    expect(new Set(states.slice(opened)), 'the breaker does not flap').toEqual(new Set(['open']))
    const first = heard.filter((one) => resultIn(one, 'a').attempts[0]?.outcome !== 'breaker_open').length
    expect(trial.server(CLINICAL).ledger.received).toBeLessThanOrEqual(first * AMPLIFICATION + 8)
  })

  it('M24 that goes on flapping is tried by one call per cool-down, not by all', async () => {
    const trial = await startTrial({ simulator: { slots: 4 }, env: { BREAKER_COOLDOWN_MS: '100' } })
    trial.server(CLINICAL).setFaults(() => FAILS)
    const begun = performance.now()
    const heard = await crowd(150, 8, () => trial.ask(clinicalRun([{ task_id: 'a', agent_type: 'Clinical' }])))
    const cooldowns = Math.ceil((performance.now() - begun) / 100)
    expect(heard.every(({ run }) => run?.status === 'succeeded')).toBe(true)
    // Those that were on their way when it opened, and one trial after each cool-down.
    expect(trial.server(CLINICAL).ledger.received).toBeLessThanOrEqual(5 + 8 + cooldowns)
  })
})

describe('M25 a server that has become ten times as slow', () => {
  const USUAL_MS = 10
  const SLOW: Fault = { kind: 'slow', ms: 9 * USUAL_MS }

  /** A Chat server of one slot that was fast, is slow now, and has a queue of ten ordinary tasks. */
  async function brownOut() {
    const trial = await startTrial({ simulator: { slots: 1, latencyMs: USUAL_MS } })
    for (let count = 0; count < 3; count++) await trial.ask(clinicalRun([{ task_id: 'a' }]))
    trial.server(CHAT).setFaults(() => SLOW)
    for (let count = 0; count < 3; count++) await trial.ask(clinicalRun([{ task_id: 'a' }]))
    trial.server(CHAT).ledger.clear()
    const ordinary = Array.from({ length: 10 }, (_, n) => ({ task_id: `ordinary-${n}`, prompt: `Ordinary ${n}.` }))
    const flood = trial.ask(clinicalRun(ordinary))
    await queued(trial, CHAT, 9)
    return { trial, flood }
  }

  it('M25 serves what is urgent next, before all that wait', async () => {
    const { trial, flood } = await brownOut()
    const urgent = await trial.ask(clinicalRun([{ task_id: 'urgent', prompt: 'Urgent.', priority: 5 }]))
    expect(urgent.run?.status).toBe('succeeded')
    expect((await flood).run?.status).toBe('succeeded')
    const order = trial.server(CHAT).ledger.entries.map(({ messages }) => messages.at(-1)?.content ?? '')
    expect(order.findIndex((prompt) => prompt.includes('Urgent.'))).toBeLessThanOrEqual(2)
    expect(trial.server(CHAT).ledger.maxInFlight).toBe(1)
  })

  it('M25 refuses at once what could not be done in time, says when to come back, and starts nothing of it', async () => {
    const { trial, flood } = await brownOut()
    const hurried = clinicalRun([{ task_id: 'hurried' }, { task_id: 'elsewhere', agent_type: 'Clinical' }], {
      timeout_ms: 5 * USUAL_MS,
    })
    const refused = await trial.ask(hurried)
    expect(refused.problem).toMatchObject({ status: 503, code: 'overloaded' })
    expect(refused.problem?.detail).toMatch(/about \d/)
    expect(Number(refused.reply.headers['retry-after'])).toBeGreaterThanOrEqual(1)
    expect(refused.run).toBeNull()
    expect(trial.server(CLINICAL).ledger.received).toBe(0)
    expect((await flood).run?.status).toBe('succeeded')
    expect(trial.server(CHAT).ledger.received).toBe(10)
  })

  it('M25 takes new work again when it has recovered', async () => {
    const { trial, flood } = await brownOut()
    await flood
    trial.server(CHAT).setFaults([])
    while ((await trial.view(CHAT)).queued > 0) await setImmediate()
    const patient = await trial.ask(clinicalRun([{ task_id: 'a' }], { timeout_ms: 1000 }))
    expect(patient.run?.status).toBe('succeeded')
  })
})
