import { describe, expect, it } from 'vitest'
import type { ExecuteInput } from '../../../src/contract/execute.ts'
import type { RosterFile } from '../../../src/contract/roster.ts'
import { CLINICAL, custom, resultOf, run, startService } from '../../helpers/service.ts'
import { openWard } from '../approvals/ward.ts'
import { newFolder } from '../store/folder.ts'

const QUESTION = 'Is 38.2 °C a fever?'
const auto = (task_id: string, own: object = {}) => ({ task_id, agent_type: 'auto', prompt: QUESTION, ...own })

/** A rule that sends simple questions to models of this tier alone. */
const simpleGoesTo =
  (tier: 'LOCAL_SMALL' | 'SPECIALIST') =>
  (roster: RosterFile): RosterFile => ({ ...roster, routing: { rules: { SIMPLE: { tiers: [tier] } } } })

describe('agent auto in a workflow', () => {
  it('gets a model for each of its tasks, which hand their outputs on like any other', async () => {
    const service = await startService({ simulator: { reply: ({ messages }) => `said ${messages.length}` } })
    const tasks = [
      auto('a'),
      auto('b', { prompt: 'Fix the bug in this TypeScript function: {{tasks.a.output}}', dependencies: ['a'] }),
      { task_id: 'c', agent_type: 'Clinical', prompt: 'Check {{tasks.b.output}}.', dependencies: ['b'] },
    ]
    const response = await run(service, custom(tasks))
    const [a, b, c] = ['a', 'b', 'c'].map((id) => resultOf(response, id))
    expect([a?.routing?.task_type, b?.routing?.task_type, c?.routing]).toEqual(['SIMPLE', 'CODING', undefined])
    for (const one of [a, b])
      expect([one?.model, one?.planned_model]).toEqual(Array(2).fill(one?.routing?.target_model))
    const entry = service
      .server(b?.model as string)
      .ledger.entries.find(({ messages }) => messages.at(-1)?.content.includes('Fix the bug'))
    expect(entry?.messages.at(-1)?.content).toContain('said 2')
    expect(entry?.messages[0]?.content).not.toContain('auto')
    expect(c?.model).toBe(CLINICAL)
    const { text } = await service.app.service.scrape()
    expect(text).toContain(`consilium_routing_decisions_total{type="SIMPLE",model="${a?.model}"} 1\n`)
  })

  it('keeps its choice over a restart at which another one would be made', async () => {
    const env = { DATA_DIR: newFolder() }
    const tasks = [auto('a', { requires_approval: true }), auto('b', { dependencies: ['a'] })]
    const before = await openWard({ env, roster: simpleGoesTo('LOCAL_SMALL') })
    const run_id = await before.begin(custom(tasks) as ExecuteInput)
    const [{ model: chosen } = { model: null }] = (await before.waiting(run_id)).results
    await before.app.close()

    const after = await openWard({ env, roster: simpleGoesTo('SPECIALIST') })
    const [waiting] = (await after.view(run_id)).results
    expect([waiting?.planned_model, waiting?.routing?.target_model]).toEqual([chosen, chosen])
    await after.decided(run_id, { decision: 'approve' })
    const { results, aggregated_content } = await after.ended(run_id)
    expect(results.map(({ routing }) => routing?.target_tier)).toEqual(['LOCAL_SMALL', 'SPECIALIST'])
    for (const { model, planned_model, routing } of results)
      expect([model, planned_model]).toEqual(Array(2).fill(routing?.target_model))
    // Nobody fell back on anything.
    expect(aggregated_content).not.toContain('FALLBACK')
  })

  it('does not end a run at its turn because all models are away just then', async () => {
    const ward = await openWard()
    const run_id = await ward.begin(
      custom([{ task_id: 'a', requires_approval: true }, auto('b', { dependencies: ['a'] })]) as ExecuteInput,
    )
    await ward.waiting(run_id)
    const models = [...ward.simulator.servers.keys()]
    for (const id of models) ward.server(id).setFaults([{ kind: 'refuse', for_ms: 60_000 }])
    // Every server is seen to be away.
    await ward.execute(custom(models.map((model, at) => ({ task_id: `x${at}`, agent_type: 'auto', model }))))
    const fresh = await ward.execute(custom([auto('a')]))
    expect([fresh.statusCode, fresh.json().code]).toEqual([503, 'models_away'])
    expect(Number(fresh.headers['retry-after'])).toBeGreaterThan(0)
    await ward.decided(run_id, { decision: 'approve' })
    const { status, results } = await ward.ended(run_id)
    expect([status, results.map((one) => one.status)]).toEqual(['partial', ['succeeded', 'failed']])
    expect(results[1]?.error?.code).toBe('upstream_unreachable')
  })
})
