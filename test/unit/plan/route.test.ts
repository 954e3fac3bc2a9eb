import { describe, expect, it } from 'vitest'
import type { CustomTask } from '../../../src/contract/execute.ts'
import type { RoutingDecision } from '../../../src/contract/routing.ts'
import { asDecided, type RoutingQuestion } from '../../../src/plan/route.ts'
import { office, planOf, refusal, task } from '../../helpers/plans.ts'

const auto = (task_id: string, own: Parameters<typeof task>[1] = {}): CustomTask =>
  task(task_id, { agent_type: 'auto', ...own })

const decisionFor = (target_model: string) => ({ target_model, task_type: 'SIMPLE' }) as RoutingDecision

/** Plans with a router that always chooses billing-model, and tells what it was asked. */
function routed(tasks: CustomTask[], context: Record<string, unknown> = {}) {
  const asked: RoutingQuestion[] = []
  const plan = planOf(tasks, context, {
    route: (question) => {
      asked.push(question)
      return { models: ['billing-model', 'qa-model'], decision: decisionFor('billing-model') }
    },
  })
  return { plan, asked, first: asked[0] as RoutingQuestion }
}

describe('a task of agent auto', () => {
  it('gets the chosen model and its fallbacks; the others keep theirs', () => {
    const { plan, asked } = routed([auto('a'), task('b')])
    expect(plan.tasks.map(({ planned_model, gpu, models }) => ({ planned_model, gpu, models }))).toEqual([
      { planned_model: 'billing-model', gpu: 1, models: ['billing-model', 'qa-model'] },
      { planned_model: 'clinical-model', gpu: 0, models: null },
    ])
    expect(asked).toHaveLength(1)
    expect(plan.tasks[0]?.routing?.target_model).toBe('billing-model')
    expect(plan.tasks[1]?.routing).toBeNull()
  })

  it('counts on the lane of the chosen model', () => {
    // Four tasks side by side on the two slots of one model, and two beside them.
    expect(routed(['a', 'b', 'c', 'd'].map((id) => auto(id))).plan.lanes_used).toBe(2)
    expect(routed([auto('a'), auto('b'), task('c'), task('d')]).plan.lanes_used).toBe(4)
  })

  it('asks with the words of its prompt, never with values, and with the size of all of it', () => {
    const note = 'x'.repeat(5000)
    const { first } = routed([auto('a', { prompt: 'Sum up {{context.note}} now', max_tokens: 7 })], { note })
    expect(first).toMatchObject({ text: 'Sum up  now', max_tokens: 7, prefer: 'balanced', phi: true, max_cost: null })
    expect(first.chars).toBeGreaterThan(5000)
  })

  it('stays in the hospital unless its caller says otherwise, or wants the best', () => {
    const local = (own: Parameters<typeof task>[1]) => routed([auto('a', own)]).first.prefer_local
    expect(
      [{}, { prefer: 'cost' }, { prefer: 'quality' }, { prefer_local: false }].map((own) => local(own as object)),
    ).toEqual([true, true, false, false])
  })

  it('hands on what its caller wishes', () => {
    const wishes = {
      prefer: 'cost',
      max_cost: 0.5,
      tiers: ['LOCAL_SMALL'],
      prefer_local: true,
      domain: 'code',
    } as const
    expect(routed([auto('a', { ...wishes, tiers: [...wishes.tiers], phi: false })]).first).toMatchObject({
      ...wishes,
      phi: false,
    })
  })

  it('counts tools and earlier messages, and passages that are yet to be found', () => {
    const chars = (own: Parameters<typeof task>[1]) => routed([auto('a', own)]).first.chars
    const messages = [{ role: 'user' as const, content: 'Hi' }]
    const bare = chars({ prompt: undefined, messages })
    const long = [{ role: 'assistant' as const, content: 'x'.repeat(3000) }, ...messages]
    expect(chars({ prompt: undefined, messages: long })).toBeGreaterThan(bare + 3000)
    const tools = [{ type: 'function' as const, function: { name: 'f', description: 'x'.repeat(2000) } }]
    expect(chars({ prompt: undefined, messages, tools })).toBeGreaterThan(bare + 2000)
    expect(chars({ prompt: undefined, messages, retrieve: { top_k: 10 } })).toBe(bare + 15_000)
  })

  it('may hold patient data whatever its caller says when passages are looked for', () => {
    const { plan, first } = routed([auto('a', { phi: false, retrieve: { collection: 'memory' } })])
    expect([first.phi, plan.tasks[0]?.phi]).toEqual([true, true])
  })

  it('is refused when no model may serve it, and when it names one that is not there', () => {
    expect(refusal(() => planOf([auto('a')])).code).toBe('no_model')
    expect(refusal(() => planOf([auto('a', { model: 'gpt' })])).options.errors).toEqual([
      { field: 'custom_tasks[0].model', message: 'is not a model of the roster that writes text' },
    ])
  })

  it('is refused when it looks for what another task wrote', () => {
    const asking = auto('a', { dependencies: ['b'], retrieve: { query: '{{tasks.b.output}}' } })
    expect(refusal(() => routed([asking, task('b')])).options.errors?.[0]?.field).toBe('custom_tasks[0].retrieve.query')
  })

  it('asks nobody when it names its model', () => {
    const { plan, asked } = routed([auto('a', { model: 'qa-model' })])
    expect(asked).toEqual([])
    expect(plan.tasks[0]).toMatchObject({ planned_model: 'qa-model', models: ['qa-model'], routing: null })
  })
})

describe('a run that is taken up again', () => {
  it('keeps the choice for what ended before', () => {
    const { plan } = routed([auto('a'), auto('b')])
    const outcome = { routing: decisionFor('clinical-model') } as Parameters<typeof asDecided>[1] extends ReadonlyMap<
      number,
      infer O
    >
      ? O
      : never
    const tasks = asDecided(plan.tasks, new Map([[0, outcome]]), office().models)
    expect(tasks.map(({ planned_model, gpu }) => [planned_model, gpu])).toEqual([
      ['clinical-model', 0],
      ['billing-model', 1],
    ])
  })
})
