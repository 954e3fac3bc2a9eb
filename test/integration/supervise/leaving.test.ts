import { describe, expect, it } from 'vitest'
import { createSupervisor } from '../../../src/library.ts'
import { authorization } from '../../helpers/service.ts'
import { until } from '../faults/until.ts'
import { LARGE, ORCHESTRATOR, SMALL, type Stage, startStage, TASK } from './stage.ts'

const answer = { calls: [{ tool: 'answer' }] }

/** A caller on a real connection that leaves once a call hangs on a model. */
async function leaveDuring(stage: Stage, model: string): Promise<void> {
  stage.server(model).setFaults(() => ({ kind: 'hang' }))
  const address = await stage.listen()
  const caller = new AbortController()
  const asking = fetch(`${address}/v1/supervise`, {
    method: 'POST',
    headers: { ...authorization(), 'content-type': 'application/json' },
    body: JSON.stringify({ task: TASK }),
    signal: caller.signal,
  }).catch((error: unknown) => error)
  const { ledger } = stage.server(model)
  await until(() => ledger.inFlight === 1, 'the call came')
  caller.abort()
  await asking
  await until(() => ledger.inFlight === 0 && ledger.entries[0]?.aborted === true, 'the call was given up')
}

describe('a caller that leaves', () => {
  it('takes the turn of the orchestrator model along', async () => {
    const stage = await startStage({ script: [answer] })
    await leaveDuring(stage, ORCHESTRATOR)
    expect([SMALL, LARGE].map((model) => stage.server(model).ledger.received)).toEqual([0, 0])
    expect(await stage.fallbacks()).toEqual({})
    await stage.line('run ended')
  })

  it('takes the call of a tool along, and nobody else is asked', async () => {
    const stage = await startStage({ script: [answer] })
    await leaveDuring(stage, LARGE)
    expect(stage.server(ORCHESTRATOR).ledger.received).toBe(1)
    expect(stage.server(SMALL).ledger.received).toBe(0)
    expect(await stage.fallbacks()).toEqual({})
    await stage.line('run ended')
  })
})

describe('the library', () => {
  const ENV = { ALLOWED_MODEL_HOSTS: '127.0.0.1' }

  it('supervises without a service, with a tool of its own', async () => {
    const stage = await startStage({
      script: [{ calls: [{ tool: 'second_opinion' }] }, answer],
    })
    const supervisor = createSupervisor({
      roster: stage.simulator.roster,
      env: ENV,
      orchestratorModel: ORCHESTRATOR,
      maxTurns: 3,
      maxCost: 0.1,
      optimizeFor: 'accuracy',
      preferLocal: true,
      tools: [
        {
          name: 'second_opinion',
          kind: 'validator',
          description: 'Have a model look at it once more.',
          used_to: 'look again',
          alias: 'colleague',
          default_tier: 'LOCAL_SMALL',
          gives: 'note',
          max_tokens: 64,
          ask: ({ problem }) => `Look again: ${problem}`,
        },
      ],
    })
    const told = await supervisor.supervise(TASK)
    expect(told.status).toBe('succeeded')
    expect(told.trace.map(({ tool, alias }) => [tool, alias])).toEqual([
      ['second_opinion', 'colleague-1'],
      ['second_opinion', 'colleague-1'],
      ['answer', 'answer-1'],
      ['answer', 'answer-1'],
    ])
    expect(stage.server(LARGE).ledger.entries[0]?.messages.at(-1)?.content).toBe(`Look again: ${TASK}`)
    expect(supervisor.describeTools().tools.find(({ name }) => name === 'second_opinion')).toMatchObject({
      offered: true,
    })
    await supervisor.close()
  })

  it('lets the router choose where it is told to', async () => {
    const stage = await startStage({ script: [answer] })
    const { roster } = stage.simulator
    const supervisor = createSupervisor({
      roster,
      env: ENV,
      orchestratorModel: ORCHESTRATOR,
      useOrchestrator: false,
    })
    expect((await supervisor.supervise(TASK)).metadata).toMatchObject({ turns: 0, fallback_reason: null })
    expect((await supervisor.supervise(TASK, { useOrchestrator: true })).metadata.turns).toBe(1)
    await supervisor.close()
  })

  it('gives a task up by a signal', async () => {
    const stage = await startStage({ script: [answer] })
    stage.server(LARGE).setFaults(() => ({ kind: 'hang' }))
    const { roster } = stage.simulator
    const supervisor = createSupervisor({ roster, env: ENV, orchestratorModel: ORCHESTRATOR })
    const caller = new AbortController()
    const supervised = supervisor.supervise(TASK, { signal: caller.signal })
    await until(() => stage.server(LARGE).ledger.inFlight === 1, 'the call came')
    caller.abort()
    expect(await supervised).toMatchObject({ status: 'cancelled', content: '', metadata: { turns: 1 } })
    await supervisor.close()
  })

  it.each([
    [{ orchestratorModel: 'nobody' }, /ORCHESTRATOR_MODEL names "nobody"/],
    [{ maxTurns: 0 }, /^createSupervisor: maxTurns must be 1 or more$/],
    [{ maxCost: -1 }, /^createSupervisor: maxCost must be 0 or more$/],
    [{ env: { ORCHESTRATOR_TOOLS: 'answer,juggle' } }, /"juggle"/],
    [{ env: { ORCHESTRATOR_TOOLS: 'search' } }, /must hold answer/],
  ])('refuses options that do not fit: %j', (options, message) => {
    expect(() => createSupervisor(options)).toThrow(message)
  })
})
