import { describe, expect, it } from 'vitest'
import type { OrchestratorMove } from '../../../simulator/orchestrator.ts'
import { authorization } from '../../helpers/service.ts'
import { asked, LARGE, ORCHESTRATOR, ROSTER, SMALL, type Stage, startStage, steps } from './stage.ts'

const search: OrchestratorMove = { calls: [{ tool: 'search' }] }
const answer: OrchestratorMove = { calls: [{ tool: 'answer' }] }
const EMBEDDER = 'embedder'

/** A house with documents, whose models write a query where one is asked for. */
const startHouse = (
  script: readonly [OrchestratorMove, ...OrchestratorMove[]],
  query = '<query>warfarin bridging</query>',
) =>
  startStage({
    script,
    simulator: {
      roster: {
        ...ROSTER,
        models: [...ROSTER.models, { id: EMBEDDER, url: 'http://127.0.0.1:1/v1', gpu: 0, slots: 4, kind: 'embedding' }],
      },
      reply: ({ model, messages }) => (messages.at(-1)?.content.includes('<query>') ? query : `Text of ${model}.`),
    },
  })

async function addDocument({ app }: Stage, tenant = 'default'): Promise<void> {
  const response = await app.inject({
    method: 'POST',
    url: '/v1/evidence',
    headers: authorization({ tenant }),
    payload: {
      title: 'Guideline 12',
      source: 'intranet',
      text: 'Warfarin needs no bridging before a dental extraction.',
    },
  })
  expect(response.statusCode).toBe(201)
}

describe('search', () => {
  it('has a model write the query, and puts what was found into every prompt behind it', async () => {
    const stage = await startHouse([search, answer])
    await addDocument(stage)
    const told = await stage.answer()
    const found = 'Doc 1: Guideline 12, passage 1: Warfarin needs no bridging before a dental extraction.'
    expect(asked(stage, ORCHESTRATOR)[1]).toContain(`Documents:\n${found}`)
    expect(asked(stage, LARGE).at(-1)).toContain(found)
    expect(told.trace.filter(({ step }) => step === 'tool').map(({ tool, outcome }) => [tool, outcome])).toEqual([
      ['search', 'ok'],
      ['answer', 'ok'],
    ])
    expect(told.trace[1]?.alias).toMatch(/^search-\d$/)
  })

  it('finds nothing of another tenant', async () => {
    const stage = await startHouse([search, answer])
    await addDocument(stage, 'another-house')
    const told = await stage.answer()
    expect(told.trace[1]?.outcome).toBe('nothing_found')
    expect(asked(stage, ORCHESTRATOR)[1]).not.toContain('Documents:')
  })

  it('that does not answer is not offered again with that model, and the task goes on', async () => {
    const stage = await startHouse([search, answer])
    await stage.server(EMBEDDER).refuse()
    const told = await stage.answer()
    expect(steps(told).map(([, , tool, , outcome]) => [tool, outcome])).toEqual([
      ['search', 'ok'],
      ['search', 'unavailable'],
      ['answer', 'ok'],
      ['answer', 'ok'],
    ])
  })

  it('is offered only where something can be searched', async () => {
    const tools = async (stage: Stage) => (await stage.get('/v1/supervise/tools')).json().tools
    const offered = async (stage: Stage) =>
      (await tools(stage))
        .filter((tool: { offered: boolean }) => tool.offered)
        .map(({ name }: { name: string }) => name)
    expect(await offered(await startHouse([answer]))).toEqual(['enhance_reasoning', 'answer', 'search'])
    const bare = await startStage({ script: [answer] })
    expect(await offered(bare)).toEqual(['enhance_reasoning', 'answer'])
    expect(new Set((await tools(bare)).map(({ kind }: { kind: string }) => kind))).toEqual(
      new Set(['expert', 'generator', 'reference', 'planner', 'validator', 'selector']),
    )
  })
})

describe('further tools', () => {
  it('are offered where the operator says so, once they are of use', async () => {
    const offered: string[][] = []
    const stage = await startStage({
      env: { ORCHESTRATOR_TOOLS: 'answer,clinical_expert,check_results' },
      script: (n, { tools = [] }) => {
        offered.push(tools.map((tool) => (tool as { function: { name: string } }).function.name))
        return { calls: [{ tool: n === 1 ? 'clinical_expert' : 'answer' }] }
      },
    })
    const told = await stage.answer()
    expect(offered).toEqual([
      ['answer', 'clinical_expert'],
      ['answer', 'clinical_expert', 'check_results'],
    ])
    expect(told.metadata.models_used).toEqual([LARGE])
    expect(stage.server(SMALL).ledger.received).toBe(0)
  })
})
