import { describe, expect, it } from 'vitest'
import { buildPlan } from '../../../src/plan/build.ts'
import type { PlanTask } from '../../../src/plan/plan.ts'
import { AnswerCache } from '../../../src/run/answer-cache.ts'
import { runTask } from '../../../src/run/cached-task.ts'
import { runPlan } from '../../../src/run/scheduler.ts'
import { claimant, FakePort, fakeShop, runContext, type ShopSpec } from '../../helpers/fake-port.ts'
import { opened, STRICT } from '../../helpers/opened.ts'
import { office, planOf, request, task } from '../../helpers/plans.ts'

const cacheOf = (own: Partial<ConstructorParameters<typeof AnswerCache>[0]> = {}) =>
  new AnswerCache({ max_bytes: 1_000_000, ttl_ms: 60_000, ...own })

const first = (own: Parameters<typeof task>[1] = {}) =>
  planOf([task('a', { cache: true, ...own })]).tasks[0] as PlanTask

/** Asks as a tenant; every call is answered with its number. */
function desk(answers: AnswerCache | null = cacheOf(), spec: ShopSpec = {}) {
  const port = new FakePort((call) => call.succeed(`answer ${port.calls.length}`, { simulated: true, warnings: ['w'] }))
  const shop = fakeShop(port, { ...spec, parts: { answers, ...spec.parts } })
  const ask = (draft = first(), { tenant = 'default', user = 'Write a.' } = {}) =>
    runTask(shop, runContext({ claimant: claimant({ tenant }) }), draft, user)
  return { port, shop, ask }
}

describe('an answer that was given before', () => {
  it('is given again, as one that no model was asked for', async () => {
    const { ask, port } = desk()
    const [made, known] = [await ask(), await ask()]
    expect(made.cached).toBeUndefined()
    expect(known).toMatchObject({
      status: 'succeeded',
      content: 'answer 1',
      cached: true,
      model: made.model,
      tokens: 7,
      simulated: true,
      warnings: ['w'],
      latency_ms: 0,
      queue_ms: 0,
      cost: 0,
      attempts: [],
    })
    expect(port.calls).toHaveLength(1)
  })

  it.each([
    ['another tenant', {}, { tenant: 'other' }],
    ['another prompt', {}, { user: 'Write b.' }],
    ['another limit', { max_tokens: 9 }, {}],
    ['another temperature', { temperature: 0 }, {}],
    ['another model', { model: 'qa-model' }, {}],
    ['another system message', { prompt: undefined, messages: [{ role: 'user' as const, content: 'x' }] }, {}],
    ['other sampling', { sampling: { seed: 1 } }, {}],
    ['tools', { tools: [{ type: 'function' as const, function: { name: 'f' } }] }, {}],
    ['a task that does not allow it', { cache: false }, {}],
  ])('is not given for %s', async (_, own, whose) => {
    const { ask, port } = desk()
    await ask()
    expect((await ask(first(own), whose)).content).toBe('answer 2')
    expect(port.calls).toHaveLength(2)
  })

  it('does not mix up what stands where: no two requests share a key by where their texts are cut', async () => {
    const { ask, port } = desk()
    const talk = (system: string) =>
      first({
        prompt: undefined,
        messages: [
          { role: 'system', content: system },
          { role: 'user', content: 'x' },
        ],
      })
    await ask(talk('ab'), { user: 'c' })
    await ask(talk('a'), { user: 'bc' })
    expect(port.calls).toHaveLength(2)
  })

  it('with the thoughts of a model is not given to whoever wants none', async () => {
    const { ask, port } = desk()
    const tools = [{ type: 'function' as const, function: { name: 'f' } }]
    await ask(first({ tools, thinking: true }))
    await ask(first({ tools }))
    expect(port.calls).toHaveLength(2)
  })

  it('is forgotten when it is too old, and when there is no room', async () => {
    const old = desk(cacheOf({ ttl_ms: 1 }))
    await old.ask()
    const until = performance.now() + 5
    while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve))
    expect((await old.ask()).cached).toBeUndefined()
    const full = desk(cacheOf({ max_bytes: 1500 }))
    await full.ask()
    await full.ask(first(), { user: 'Write b.' })
    expect((await full.ask()).cached).toBeUndefined()
  })

  it('takes no permit', async () => {
    const { ask, shop } = desk()
    await ask()
    const lane = shop.lane('clinical-model')
    const claim = { claimant: claimant(), priority: 0, rank: 0, work: 0, deadline: Number.MAX_SAFE_INTEGER }
    const held = [lane.tryTake(claim), lane.tryTake(claim)]
    expect(held).toEqual([true, true])
    expect((await ask()).cached).toBe(true)
    for (const _ of held) lane.release(claim, 0, false)
  })
})

describe('what is not kept', () => {
  it.each([
    ['a failure', (port: FakePort) => port.calls.at(-1)?.fail('upstream_rejected')],
    ['an answer that was cut', (port: FakePort) => port.calls.at(-1)?.succeed('cut', { truncated: true })],
  ])('%s', async (_, end) => {
    const answers = cacheOf()
    const port: FakePort = new FakePort(() => queueMicrotask(() => end(port)))
    const shop = fakeShop(port, { parts: { answers } })
    await runTask(shop, runContext(), first(), 'Write a.')
    expect(answers.entries).toBe(0)
  })

  it('the answer of a fallback: the model that was asked for would say something else', async () => {
    const answers = cacheOf()
    const port = new FakePort((call) => (call.model === 'one' ? call.fail('upstream_rejected') : call.succeed('two')))
    const shop = fakeShop(port, {
      slots: { one: 1, two: 1 },
      chains: { Clinical: ['one', 'two'] },
      parts: { answers },
    })
    expect((await runTask(shop, runContext(), first(), 'Write a.')).content).toBe('two')
    expect(answers.entries).toBe(0)
  })

  it('anything where there is no cache', async () => {
    const { ask, port } = desk(null)
    await ask()
    await ask()
    expect(port.calls).toHaveLength(2)
  })
})

describe('a request', () => {
  it('may allow it for all of its tasks, which stay as they are for others', () => {
    const custom_tasks = [task('a', { cache: true }), task('b')]
    const allowed = (own: object) =>
      buildPlan(office(), { ...request(own), custom_tasks }).tasks.map(({ cache }) => cache)
    expect(allowed({})).toEqual([true, false])
    expect(allowed({ cache: true })).toEqual([true, true])
    // Nothing would be left to measure.
    expect(allowed({ cache: true, measure: 'sequential' })).toEqual([false, false])
  })

  it('holds what depends on a known answer like any other', async () => {
    const port: FakePort = new FakePort((call) => call.succeed(`answer ${port.calls.length}`))
    const shop = fakeShop(port, { parts: { answers: cacheOf() } })
    const plan = planOf([task('a', { cache: true }), task('b', { dependencies: ['a'] })])
    const holds = { holds: ({ task_id }: PlanTask) => task_id === 'a' }
    for (const cached of [undefined, true]) {
      const [a, b] = await runPlan(plan, shop, opened(plan, shop), STRICT, holds)
      expect([a?.content, a?.cached, b]).toEqual(['answer 1', cached, undefined])
    }
  })
})
