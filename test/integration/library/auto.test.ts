import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { startSimulator } from '../../../simulator/simulate.ts'
import { createOrchestrator, defineWorkflow, Problem, required } from '../../../src/library.ts'

/** Two steps; the models are left to the service. */
const LETTER = defineWorkflow({
  type: 'letter',
  description: 'A summary, and a letter from it.',
  context: z.object({ stay: required('The stay') }),
  tasks: [
    {
      task_id: 'summary',
      agent_type: 'auto',
      system: 'You summarise.',
      prompt: 'Summarise this stay: {{context.stay}}',
    },
    {
      task_id: 'letter',
      agent_type: 'auto',
      system: 'You write.',
      prompt: 'Write a letter to the GP.',
      dependencies: ['summary'],
    },
  ],
  layout: { title: 'LETTER', sections: {} },
})

async function start() {
  const simulator = await startSimulator({ reply: () => 'Done.' })
  const orchestrator = createOrchestrator({ roster: simulator.roster, workflows: [LETTER] })
  onTestFinished(async () => {
    await orchestrator.close()
    await simulator.close()
  })
  return { orchestrator, simulator }
}

describe('the library', () => {
  it('gives a task to the model that suits it', async () => {
    const { orchestrator } = await start()
    const answer = await orchestrator.executeTask('Is 38.2 °C a fever?', { prefer: 'speed' })
    expect(answer).toMatchObject({
      content: 'Done.',
      success: true,
      metadata: { task_type: 'SIMPLE', simulated: true },
    })
    expect(answer.model).toBe(answer.routing?.target_model)
  })

  it('says which model that would be, and asks none', async () => {
    const { orchestrator, simulator } = await start()
    const decision = orchestrator.getRoutingDecision('Write a SQL query for all wards.')
    expect(decision).toMatchObject({ task_type: 'CODING', target_tier: expect.any(String) })
    expect(decision.reasoning).toContain(decision.target_model)
    expect(simulator.ledger.received).toBe(0)
  })

  it('refuses with a Problem what no model may serve', async () => {
    const { orchestrator } = await start()
    expect(() => orchestrator.getRoutingDecision('Hi', { tiers: ['CLOUD_LARGE'] })).toThrow(Problem)
    await expect(orchestrator.executeTask('Hi', { tiers: ['CLOUD_LARGE'] })).rejects.toMatchObject({ code: 'no_model' })
  })

  it('refuses by name what only the service can do, and what is written here under another name', async () => {
    const { orchestrator, simulator } = await start()
    for (const [wish, field, words] of [
      [{ store_memory: true }, 'store_memory', 'needs the service'],
      [{ stream: true }, 'stream', 'pass onEvent'],
    ] as const)
      await expect(orchestrator.executeTask('Hi', wish as object)).rejects.toMatchObject({
        code: 'invalid_request',
        detail: expect.stringContaining(`${field} `),
        options: { errors: [{ field, message: expect.stringContaining(words) }] },
      })
    expect(simulator.ledger.received).toBe(0)
    expect(await orchestrator.executeTask('Hi', { store_memory: false } as object)).toMatchObject({ success: true })
  })

  it('names a member as its caller wrote it, and says what to do about it', async () => {
    const { orchestrator } = await start()
    for (const [options, field, message] of [
      [{ model: 'nope' }, 'model', 'is not a model of the roster that writes text'],
      [{ max_tokens: 0 }, 'max_tokens', 'must be 1 or more'],
      [{ retrieve_context: { top_k: 0 } }, 'retrieve_context.top_k', 'must be 1 or more'],
    ] as const)
      await expect(orchestrator.executeTask('Hi', options)).rejects.toMatchObject({
        options: { errors: [{ field, message }] },
      })
  })

  it('chooses for the tasks of a workflow too, each by what it asks for', async () => {
    const { orchestrator, simulator } = await start()
    const run = await orchestrator.executeWorkflow('letter', { stay: 'Woman, 63, pneumonia.' })
    expect(run.status).toBe('succeeded')
    for (const { routing, model, planned_model } of run.results) {
      expect(routing?.target_model).toBe(planned_model)
      expect(model).toBe(planned_model)
    }
    const last = [...simulator.servers.values()]
      .flatMap(({ ledger }) => ledger.entries)
      .find(({ messages }) => messages[0]?.content === 'You write.')
    expect(last?.messages.at(-1)?.content).toContain('<output task="summary" agent="auto">Done.</output>')
  })
})
