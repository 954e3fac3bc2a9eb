import { describe, expect, it } from 'vitest'
import type { OrchestratorMove } from '../../../simulator/orchestrator.ts'
import { asked, CLOUD, LARGE, ORCHESTRATOR, SMALL, startStage, steps, TASK } from './stage.ts'

const answer: OrchestratorMove = { calls: [{ tool: 'answer' }] }

describe('the orchestrator model decides', () => {
  it('has one model think and another one answer, with a fresh prompt each turn', async () => {
    const stage = await startStage({
      script: [
        { think: 'First some thought.', calls: [{ tool: 'enhance_reasoning', model: 'reasoner-2' }] },
        { think: 'Now the answer.', calls: [{ tool: 'answer', model: 'answer-1' }] },
      ],
    })
    const told = await stage.answer({ context: ['Potassium 5.9, haemolysed.', 'Potassium 4.1.'] })

    expect(told.content).toBe(`Text of ${LARGE}.`)
    expect(told.status).toBe('succeeded')
    expect(steps(told)).toEqual([
      [1, 'decide', 'enhance_reasoning', ORCHESTRATOR, 'ok'],
      [1, 'tool', 'enhance_reasoning', SMALL, 'ok'],
      [2, 'decide', 'answer', ORCHESTRATOR, 'ok'],
      [2, 'tool', 'answer', LARGE, 'ok'],
    ])
    expect(told.metadata).toMatchObject({
      turns: 2,
      models_used: [SMALL, LARGE],
      tier_used: 'LOCAL_LARGE',
      orchestrator_model: ORCHESTRATOR,
      orchestrator_reasoning: 'Turn 1: First some thought.\n\nTurn 2: Now the answer.',
      fallback_reason: null,
      cost: 0,
      simulated: true,
    })
    expect(told.metadata.routing).toMatchObject({
      target_model: LARGE,
      target_tier: 'LOCAL_LARGE',
      planned_tools: ['enhance_reasoning', 'answer'],
      fallback: null,
    })
    const [first, second] = asked(stage, ORCHESTRATOR)
    const documents = 'Documents:\nDoc 1: Potassium 5.9, haemolysed.\n\nDoc 2: Potassium 4.1.'
    expect(first).toBe(`Problem: ${TASK}\n\n${documents}\n\nChoose an appropriate tool.`)
    expect(second).toBe(
      `Problem: ${TASK}\n\n${documents}\n\nIntermediate results:\nResult 1 of enhance_reasoning by reasoner-2: Text of ${SMALL}.\n\nChoose an appropriate tool.`,
    )
    expect(asked(stage, LARGE)[0]).toContain(`Result 1 of enhance_reasoning by reasoner-2: Text of ${SMALL}.`)
    expect(await stage.fallbacks()).toEqual({})
  })

  it('keeps every turn as a run of its own, which the caller can look up', async () => {
    const stage = await startStage({ script: [answer] })
    const { trace } = await stage.answer()
    const runs = await Promise.all(trace.map(async ({ run_id }) => (await stage.get(`/v1/runs/${run_id}`)).json()))
    expect(runs.map(({ status }) => status)).toEqual(['succeeded', 'succeeded'])
    expect(runs[0].results[0].model).toBe(ORCHESTRATOR)
  })

  it.each(['tool_calls', 'raw', 'raw_opened', 'reasoning_parser'] as const)(
    'reads its call and its thoughts as %s',
    async (as) => {
      const stage = await startStage({ script: [{ ...answer, think: 'Easy: <tool_call> it.', as }] })
      const told = await stage.answer()
      expect(told.content).toBe(`Text of ${LARGE}.`)
      expect(told.metadata.orchestrator_reasoning).toBe('Turn 1: Easy: <tool_call> it.')
    },
  )

  it('makes the first call that can be made, and names the others', async () => {
    const stage = await startStage({
      script: [
        {
          calls: [
            { tool: 'call_a_taxi', model: 'taxi-1' },
            { tool: 'answer', model: 'answer-9' },
            { tool: 'answer', model: 'answer-2' },
            { tool: 'enhance_reasoning', model: 'reasoner-1' },
          ],
        },
      ],
    })
    const told = await stage.answer()
    expect(told.content).toBe(`Text of ${SMALL}.`)
    expect(told.trace[0]?.ignored).toEqual([
      { tool: 'call_a_taxi', model: 'taxi-1', reason: 'unknown_tool' },
      { tool: 'answer', model: 'answer-9', reason: 'unknown_model' },
      { tool: 'enhance_reasoning', model: 'reasoner-1', reason: 'one_per_turn' },
    ])
    expect(stage.server(LARGE).ledger.received).toBe(0)
  })

  it('is asked once more when it makes no usable call', async () => {
    const stage = await startStage({ script: [{ text: 'Let me see.' }, answer] })
    const told = await stage.answer()
    expect(steps(told).map(([turn, step, , , outcome]) => [turn, step, outcome])).toEqual([
      [1, 'decide', 'no_call'],
      [1, 'decide', 'ok'],
      [1, 'tool', 'ok'],
    ])
    expect(told.metadata.fallback_reason).toBeNull()
  })

  it('may choose only what ends the task on its last turn', async () => {
    const stage = await startStage({
      script: (_, { tools = [] }) => ({ calls: [{ tool: tools.length === 1 ? 'answer' : 'enhance_reasoning' }] }),
    })
    const told = await stage.answer({ max_turns: 2 })
    expect(told.metadata.turns).toBe(2)
    expect(told.trace.map(({ tool }) => tool)).toEqual(['enhance_reasoning', 'enhance_reasoning', 'answer', 'answer'])
  })

  it('is offered no model outside of the house for patient data, and never itself', async () => {
    const seen: string[] = []
    const stage = await startStage({
      script: (_, { tools }) => {
        seen.push(JSON.stringify(tools))
        return answer
      },
    })
    await stage.answer({ prefer_local: false })
    await stage.answer({ prefer_local: false, phi: false })
    const rows = (text = '') => text.match(/answer-\d \| [^\\"]+/g)
    expect(rows(seen[0])).toEqual(['answer-1 | $0 | $0 | unknown', 'answer-2 | $0 | $0 | unknown'])
    // Measured by now: the first task was answered by the model that was answer-1 then, and is answer-2 now.
    expect(rows(seen[1])).toEqual([
      'answer-1 | $1.25 | $10 | unknown',
      expect.stringMatching(/^answer-2 \| \$0 \| \$0 \| [\d.]+s$/),
      'answer-3 | $0 | $0 | unknown',
    ])
    expect(stage.server(CLOUD).ledger.received).toBe(1)
  })

  it('leaves out a model that failed, and goes on', async () => {
    const stage = await startStage({ script: [answer] })
    stage.server(LARGE).setFaults(() => ({ kind: 'status', status: 400 }))
    const told = await stage.answer()
    expect(steps(told)).toEqual([
      [1, 'decide', 'answer', ORCHESTRATOR, 'ok'],
      [1, 'tool', 'answer', LARGE, 'upstream_rejected'],
      [2, 'decide', 'answer', ORCHESTRATOR, 'ok'],
      [2, 'tool', 'answer', SMALL, 'ok'],
    ])
    expect(told.trace.at(-1)?.alias).toBe('answer-2')
    expect(told.metadata.models_used).toEqual([SMALL])
  })

  it('counts the cost of all turns, and says the highest tier', async () => {
    const stage = await startStage({
      script: [
        { calls: [{ tool: 'enhance_reasoning', model: 'reasoner-1' }] },
        { calls: [{ tool: 'answer', model: 'answer-3' }] },
      ],
    })
    const told = await stage.answer({ prefer_local: false, phi: false })
    expect(told.metadata.models_used).toEqual([CLOUD, SMALL])
    expect(told.metadata.tier_used).toBe('CLOUD_LARGE')
    expect(told.metadata.cost).toBeGreaterThan(0)
    expect(told.metadata.cost).toBeCloseTo(
      told.trace.reduce((sum, { cost }) => sum + cost, 0),
      12,
    )
  })
})
