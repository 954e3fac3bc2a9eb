import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../simulator/faults.ts'
import type { OrchestratorMove, OrchestratorScript } from '../../../simulator/orchestrator.ts'
import type { SuperviseInput } from '../../../src/contract/supervise.ts'
import { agentsOn, CLOUD, LARGE, ORCHESTRATOR, ROSTER, SMALL, type StageOptions, startStage, steps } from './stage.ts'

const think: OrchestratorMove = { calls: [{ tool: 'enhance_reasoning' }] }
const answer: OrchestratorMove = { calls: [{ tool: 'answer' }] }

/** Calls a tool, and the next time another model of it. */
const backAndForth: OrchestratorScript = (n) => ({
  calls: [{ tool: 'enhance_reasoning', model: `reasoner-${1 + (n % 2)}` }],
})

interface Case {
  what: string
  script: OrchestratorScript
  reason: string
  turns: number
  /** Outcomes of the orchestrator model's turns. */
  decisions: string[]
  body?: Partial<SuperviseInput>
}

describe('the router chooses in place of an orchestrator model that', () => {
  it.each<Case>([
    {
      what: 'calls a tool that there is not',
      script: [{ calls: [{ tool: 'phone_a_friend', model: 'friend-1' }] }],
      reason: 'invalid',
      turns: 1,
      decisions: ['unknown_tool', 'unknown_tool'],
    },
    {
      what: 'calls a tool that is not offered',
      script: [{ calls: [{ tool: 'search', model: 'search-1' }] }],
      reason: 'invalid',
      turns: 1,
      decisions: ['not_offered', 'not_offered'],
    },
    {
      what: 'names a model that there is not',
      script: [{ calls: [{ tool: 'answer', model: 'gpt-5' }] }],
      reason: 'invalid',
      turns: 1,
      decisions: ['unknown_model', 'unknown_model'],
    },
    {
      what: 'calls nothing',
      script: [think, { text: 'I would say the second one.' }],
      reason: 'invalid',
      turns: 2,
      decisions: ['ok', 'no_call', 'no_call'],
    },
    {
      what: 'writes what is no JSON',
      script: [{ text: '<tool_call>\n{"name": "answer", "arguments": {"model": answer-1}}\n</tool_call>' }],
      reason: 'invalid',
      turns: 1,
      decisions: ['no_call', 'no_call'],
    },
    { what: 'goes in circles', script: [think], reason: 'loop', turns: 3, decisions: ['ok', 'ok', 'ok'] },
    {
      what: 'comes to no end',
      script: backAndForth,
      reason: 'turns',
      turns: 4,
      decisions: ['ok', 'ok', 'ok', 'not_offered', 'not_offered'],
      body: { max_turns: 4 },
    },
  ])('$what: $reason', async ({ script, reason, turns, decisions, body = {} }) => {
    const stage = await startStage({ script })
    const plain = await stage.answer({ use_orchestrator: false })
    const told = await stage.answer(body)

    expect(told.content).toMatch(/^Text of local-(small|large)\.$/)
    expect(told.metadata).toMatchObject({ fallback_reason: reason, turns, orchestrator_model: ORCHESTRATOR })
    expect(told.trace.flatMap(({ step, outcome }) => (step === 'decide' ? [outcome] : []))).toEqual(decisions)
    expect(told.trace.at(-1)).toMatchObject({ step: 'fallback', outcome: 'ok', turn: turns })
    expect(told.metadata.routing?.fallback).toMatch(
      /^The orchestrator model was not followed: .+\. The router chose\.$/,
    )
    expect(plain.metadata.routing?.fallback).toBeNull()
    expect(told.metadata.routing?.confidence).toBeLessThan(plain.metadata.routing?.confidence ?? 0)
    expect(await stage.fallbacks()).toEqual({ [reason]: 1 })
    const lines = stage.lines.filter(({ msg }) => msg === 'orchestrator model not followed')
    expect(lines).toEqual([expect.objectContaining({ reason, turns, request_id: expect.any(String) })])
  })

  const ALWAYS: [string, Fault, string][] = [
    ['answers 500', { kind: 'status', status: 500 }, 'unavailable'],
    ['hangs', { kind: 'hang' }, 'unavailable'],
    ['cuts the line', { kind: 'reset', at: 'request' }, 'unavailable'],
    ['sends no JSON', { kind: 'malformed' }, 'unavailable'],
    ['says nothing', { kind: 'empty' }, 'invalid'],
  ]
  it.each(ALWAYS)('%s', async (_, fault, reason) => {
    const stage = await startStage({ script: [{}], env: { ORCHESTRATOR_TURN_TIMEOUT_MS: '200' } })
    stage.server(ORCHESTRATOR).setFaults(() => fault)
    const told = await stage.answer()
    expect(told.metadata).toMatchObject({ fallback_reason: reason, turns: 1 })
    expect(told.trace.at(-1)).toMatchObject({ step: 'fallback', outcome: 'ok' })
    expect(await stage.fallbacks()).toEqual({ [reason]: 1 })
  })

  it('is not there', async () => {
    const stage = await startStage({ script: [answer] })
    await stage.server(ORCHESTRATOR).refuse()
    const told = await stage.answer()
    expect(told.metadata.fallback_reason).toBe('unavailable')
    expect(told.metadata.routing?.fallback).toContain('(upstream_unreachable)')
  })

  it('the service does not have', async () => {
    const stage = await startStage({ env: { ORCHESTRATOR_MODEL: '' } })
    const wanted = await stage.answer({ use_orchestrator: true })
    expect(wanted.metadata).toMatchObject({ fallback_reason: 'not_configured', turns: 0, orchestrator_model: null })
    expect(wanted.metadata.routing?.fallback).toContain('ORCHESTRATOR_MODEL')
    const open = await stage.answer()
    expect(open.metadata).toMatchObject({ fallback_reason: null, turns: 0 })
    expect(steps(open)).toEqual([[0, 'fallback', null, open.metadata.models_used[0], 'ok']])
    expect(await stage.fallbacks()).toEqual({ not_configured: 1 })
  })

  it('keeps what was found out before', async () => {
    const stage = await startStage({ script: [think, { text: 'Hm.' }] })
    const told = await stage.answer({ system_prompt: 'Answer briefly.' })
    expect(told.metadata.fallback_reason).toBe('invalid')
    const [model = ''] = told.metadata.models_used.slice(-1)
    const [system] = stage.server(model).ledger.entries.at(-1)?.messages ?? []
    expect(system?.content).toContain('Answer briefly.')
    expect(system?.content).toContain(`Result 1 of enhance_reasoning by reasoner-1: Text of ${LARGE}.`)
  })
})

/** The roster with a price on the orchestrator model. */
const priced =
  (input: number): NonNullable<StageOptions['roster']> =>
  (running) => ({
    ...running,
    models: running.models.map((model) =>
      model.id === ORCHESTRATOR ? { ...model, price: { input, output: input } } : model,
    ),
  })

describe('what a task may cost', () => {
  it('is not passed by the orchestrator model: its turn is not even asked for', async () => {
    const env = { ORCHESTRATOR_MAX_TOKENS: '64' }
    const stage = await startStage({ script: [answer], roster: priced(1000), env })
    // More than its messages and its answer can cost; what the tools say costs too.
    const told = await stage.answer({ max_cost: 0.8 })
    expect(told.metadata).toMatchObject({ fallback_reason: 'budget', cost: 0 })
    expect(told.trace[0]?.outcome).toBe('budget_exceeded')
    expect(stage.server(ORCHESTRATOR).ledger.received).toBe(0)
    expect(told.content).toMatch(/^Text of local/)
  })

  it('is counted over its turns', async () => {
    const stage = await startStage({
      script: backAndForth,
      roster: priced(200),
      env: { ORCHESTRATOR_MAX_TOKENS: '256' },
    })
    const told = await stage.answer({ max_cost: 0.55 })
    expect(told.metadata.fallback_reason).toBe('budget')
    expect(told.metadata.turns).toBeGreaterThan(1)
    expect(told.metadata.cost).toBeLessThanOrEqual(0.55)
    expect(told.metadata.cost).toBeGreaterThan(0.01)
  })

  it('keeps models from being offered', async () => {
    const offered: string[] = []
    const stage = await startStage({
      script: (_, { tools }) => {
        offered.push(...(JSON.stringify(tools).match(/answer-\d(?= \|)/g) ?? []))
        return answer
      },
    })
    const told = await stage.answer({ prefer_local: false, phi: false, max_cost: 0.001 })
    expect(offered).toEqual(['answer-1', 'answer-2'])
    expect(told.metadata.cost).toBe(0)
    expect(stage.server(CLOUD).ledger.received).toBe(0)
  })

  it('is bounded by the service, whatever the request says', async () => {
    const stage = await startStage({ script: [answer], env: { ORCHESTRATOR_MAX_COST: '0.001' } })
    const told = await stage.answer({ prefer_local: false, phi: false, max_cost: 100 })
    expect(told.metadata.models_used).toEqual([LARGE])
  })
})

describe('time', () => {
  it('is left for the router when a tool takes too long', async () => {
    const stage = await startStage({ script: [answer] })
    stage.server(LARGE).setFaults([{ kind: 'hang' }])
    const told = await stage.answer({ timeout_ms: 1500 })
    expect(told.metadata.fallback_reason).toBe('time')
    expect(told.trace.map(({ step }) => step)).toEqual(['decide', 'tool', 'fallback'])
    expect(told.status).toBe('succeeded')
  })

  it('that is over for everything is a 504 that holds the trace', async () => {
    const stage = await startStage({ script: [answer] })
    for (const model of [SMALL, LARGE]) stage.server(model).setFaults(() => ({ kind: 'hang' }))
    const response = await stage.supervise({ timeout_ms: 600 })
    expect(response.statusCode).toBe(504)
    expect(response.json()).toMatchObject({
      code: 'run_timeout',
      supervised: { status: 'failed', content: '', metadata: { fallback_reason: 'time' } },
    })
  })
})

describe('when nobody can answer', () => {
  it('the problem holds what was done', async () => {
    const stage = await startStage({ script: [answer] })
    for (const model of [SMALL, LARGE]) stage.server(model).setFaults(() => ({ kind: 'status', status: 400 }))
    const response = await stage.supervise({})
    expect(response.statusCode).toBe(502)
    const { code, supervised } = response.json()
    expect(code).toBe('run_failed')
    expect(supervised.metadata.fallback_reason).toBe('no_model')
    expect(steps(supervised)).toEqual([
      [1, 'decide', 'answer', ORCHESTRATOR, 'ok'],
      [1, 'tool', 'answer', LARGE, 'upstream_rejected'],
      [2, 'decide', 'answer', ORCHESTRATOR, 'ok'],
      [2, 'tool', 'answer', SMALL, 'upstream_rejected'],
      [2, 'fallback', null, null, 'upstream_rejected'],
    ])
  })

  it('because no model may, the problem says why of each', async () => {
    const models = ROSTER.models.filter(({ id }) => id === ORCHESTRATOR || id === CLOUD)
    const roster = { ...ROSTER, models, agents: agentsOn(CLOUD) }
    const stage = await startStage({ script: [answer], simulator: { roster } })
    const response = await stage.supervise({})
    expect(response.statusCode).toBe(422)
    expect(response.json()).toMatchObject({ code: 'no_model', routing: { models: [{ model: CLOUD, code: 'phi' }] } })
    expect(stage.server(ORCHESTRATOR).ledger.received).toBe(0)
    expect(await stage.fallbacks()).toEqual({ no_model: 1 })
  })
})
