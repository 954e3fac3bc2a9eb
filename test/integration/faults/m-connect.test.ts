import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../simulator/faults.ts'
import { closedPort, startRawServer } from '../../helpers/raw-server.ts'
import { CHAT, CLINICAL, INSURANCE, MEDICAL_QA } from '../../helpers/service.ts'
import { clinicalRun, expectFailure, faultFails, hopsOf, outcomesOf, pair, resultIn } from './cases.ts'
import { startTrial, type Trial } from './oracle.ts'

const alone = clinicalRun([{ task_id: 'a' }])

/** Asks until the breaker of Chat is open, and gives the outcomes of all attempts up to then. */
async function openBreaker(trial: Trial): Promise<string[]> {
  const outcomes: string[] = []
  while ((await trial.view(CHAT)).breaker === 'closed') {
    outcomes.push(...outcomesOf(resultIn(await trial.ask(alone), 'a')))
    expect(outcomes.length).toBeLessThan(20)
  }
  return outcomes
}

describe('M01 a server that refuses connections', () => {
  it('M01 fails its task as upstream_unreachable when the retries are used up, and harms no other', async () => {
    const trial = await startTrial()
    await trial.server(CHAT).refuse()
    await expectFailure(trial, 'upstream_unreachable', 3)
  })

  it('M01 goes away in the middle of a call: the same', async () => {
    const trial = await startTrial()
    trial.server(CHAT).setFaults([{ kind: 'refuse', for_ms: 600_000 }])
    await expectFailure(trial, 'upstream_unreachable', 3)
  })

  it('M01 is left alone after five failures: later calls fail at once, and nothing knocks at its port', async () => {
    const trial = await startTrial({ env: { BREAKER_COOLDOWN_MS: '600000' } })
    await trial.server(CHAT).refuse()
    const outcomes = await openBreaker(trial)
    expect(outcomes.filter((outcome) => outcome === 'upstream_unreachable')).toHaveLength(5)
    expect(await trial.view(CHAT)).toMatchObject({ breaker: 'open', reachable: false })
    await trial.server(CHAT).reopen()
    const times: number[] = []
    for (let count = 0; count < 5; count++) {
      const heard = await trial.ask(alone)
      expect(heard.problem).toMatchObject({ status: 502, code: 'run_failed' })
      expect(resultIn(heard, 'a')).toMatchObject({ error: { code: 'breaker_open' }, latency_ms: 0 })
      times.push(heard.run?.total_latency_ms ?? Number.NaN)
    }
    expect(Math.min(...times)).toBeLessThan(10)
    expect(trial.server(CHAT).ledger.received).toBe(0)
  })

  it('M01 comes back by one trial call after the cool-down', async () => {
    const trial = await startTrial({ env: { BREAKER_COOLDOWN_MS: '50' } })
    await trial.server(CHAT).refuse()
    await openBreaker(trial)
    await trial.server(CHAT).reopen()
    while ((await trial.view(CHAT)).breaker === 'open') await setImmediate()
    const together = clinicalRun(['a', 'b', 'c'].map((task_id) => ({ task_id })))
    const trials = (await trial.ask(together)).run?.results.map(({ status }) => status)
    expect(trials).toContain('succeeded')
    expect(await trial.view(CHAT)).toMatchObject({ breaker: 'closed', reachable: true })
    expect((await trial.ask(together)).run?.status).toBe('succeeded')
  })
})

describe('M15 a server whose name does not resolve', () => {
  const names = 'gpu7.invalid,127.0.0.1'
  const nowhere = (port: number) => `http://gpu7.invalid:${port}/v1`

  it('M15 is upstream_unreachable, within the deadline', async () => {
    const trial = await startTrial({ env: { ALLOWED_MODEL_HOSTS: names }, servers: { [CHAT]: nowhere(8083) } })
    await expectFailure(trial, 'upstream_unreachable', 3)
    expect(await trial.view(CHAT)).toMatchObject({ reachable: false })
  })

  it('M15 is left for the fallback', async () => {
    const trial = await startTrial({ env: { ALLOWED_MODEL_HOSTS: names }, servers: { [CLINICAL]: nowhere(8085) } })
    const heard = await trial.ask(clinicalRun([{ task_id: 'a', agent_type: 'Clinical' }]))
    expect(hopsOf(resultIn(heard, 'a')).at(-1)).toEqual([MEDICAL_QA, 'ok'])
  })

  it('M15 holds nobody else up, however many calls ask for the name at once', async () => {
    const trial = await startTrial({
      env: { ALLOWED_MODEL_HOSTS: names },
      servers: { [CHAT]: nowhere(8083), [INSURANCE]: nowhere(8084) },
    })
    const lost = Array.from({ length: 30 }, (_, n) => ({
      task_id: `lost-${n}`,
      agent_type: n % 2 ? 'Chat' : 'Billing',
    }))
    const [many, quick] = await Promise.all([
      trial.ask(clinicalRun(lost)),
      trial.ask(clinicalRun([{ task_id: 'a', agent_type: 'Clinical' }])),
    ])
    expect(resultIn(quick, 'a').attempts).toMatchObject([{ model: CLINICAL, outcome: 'ok' }])
    for (const { agent_type, status, model } of many.run?.results ?? [])
      expect([agent_type, status, model]).toEqual(
        agent_type === 'Chat' ? ['Chat', 'failed', CHAT] : ['Billing', 'succeeded', MEDICAL_QA],
      )
  })
})

describe('M16 a connection that is reset', () => {
  it('M16 at connect is upstream_unreachable', async () => {
    const server = await startRawServer(
      () => undefined,
      (socket) => socket.resetAndDestroy(),
    )
    await expectFailure(await startTrial({ servers: { [CHAT]: server.url } }), 'upstream_unreachable', 3)
    expect(server.calls).toHaveLength(0)
  })

  it.each<[string, Fault & { kind: 'reset' }, 'upstream_unreachable' | 'bad_upstream_response']>([
    ['before an answer', { kind: 'reset', at: 'request' }, 'upstream_unreachable'],
    ['in the headers', { kind: 'reset', at: 'headers' }, 'upstream_unreachable'],
    ['in the body', { kind: 'reset', at: 'body' }, 'bad_upstream_response'],
  ])('M16 %s: asked again, then failed, and no half of an answer is kept', async (_, fault, code) => {
    await faultFails(fault, code, 3)
  })

  it.each(['request', 'headers', 'body'] as const)('M16 at the %s once: the next attempt is taken', async (at) => {
    const trial = await startTrial()
    trial.server(CHAT).setFaults([{ kind: 'reset', at }])
    const heard = await trial.ask(pair())
    expect(heard.run).toMatchObject({ status: 'succeeded', metadata: { errors: [] } })
    expect(resultIn(heard, 'faulty').attempts.at(-1)?.outcome).toBe('ok')
    expect(trial.server(CHAT).ledger.received).toBe(2)
  })
})

it('M27 every replica of an agent down: a clear answer at once, and the other agents are served', async () => {
  const trial = await startTrial({ servers: { [MEDICAL_QA]: `http://127.0.0.1:${await closedPort()}/v1` } })
  await trial.server(CLINICAL).refuse()
  const tasks = [
    { task_id: 'clinical', agent_type: 'Clinical' },
    { task_id: 'billing', agent_type: 'Billing' },
    { task_id: 'after', agent_type: 'Billing', dependencies: ['clinical'] },
  ]
  const partial = await trial.ask(clinicalRun(tasks))
  expect(partial.run?.results.map(({ status }) => status)).toEqual(['failed', 'succeeded', 'skipped'])
  expect(resultIn(partial, 'clinical').error?.code).toBe('upstream_unreachable')
  expect(new Set(resultIn(partial, 'clinical').attempts.map(({ model }) => model))).toEqual(
    new Set([CLINICAL, MEDICAL_QA]),
  )
  const failed = await trial.ask(clinicalRun([{ task_id: 'clinical', agent_type: 'Clinical' }]))
  expect(failed.problem).toMatchObject({ status: 502, code: 'run_failed' })
  for (const { elapsed_ms } of [partial, failed]) expect(elapsed_ms).toBeLessThan(2000)
  const ready = await trial.get('/health/ready')
  expect(ready.statusCode).toBe(200)
  expect(ready.json().degraded.sort()).toEqual([MEDICAL_QA, CLINICAL].sort())
})
