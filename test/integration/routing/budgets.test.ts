import { describe, expect, it } from 'vitest'
import type { RosterBudgets } from '../../../src/contract/budget.ts'
import type { Price } from '../../../src/contract/model-card.ts'
import type { RosterFile } from '../../../src/contract/roster.ts'
import type { Stats } from '../../../src/contract/stats.ts'
import {
  authorization,
  CHAT,
  CLINICAL,
  custom,
  resultOf,
  run,
  type ServiceOptions,
  startService,
  type TestService,
} from '../../helpers/service.ts'
import { newFolder } from '../store/folder.ts'

/** One dollar for every token written. An answer of three words has four. */
const DOLLAR_A_TOKEN: Price = { input: 0, output: 1_000_000 }
const reply = () => 'one two three'
const TEN = { max_tokens: 10 }

/** The simulated roster with a price for Chat, and one agent that may fall back on a model that costs nothing. */
const priced =
  (budgets: RosterBudgets, price: Price = DOLLAR_A_TOKEN) =>
  (roster: RosterFile): RosterFile => ({
    ...roster,
    models: roster.models.map((model) => (model.id === CHAT ? { ...model, price } : model)),
    agents: { ...roster.agents, Thrifty: { model: CHAT, fallbacks: [CLINICAL] } },
    budgets,
  })

const start = (budgets: RosterBudgets, { env = {}, price }: { env?: Record<string, string>; price?: Price } = {}) =>
  startService({ simulator: { reply }, roster: priced(budgets, price), env } satisfies ServiceOptions)

const one = (own: object = {}) => custom([{ task_id: 'a', ...TEN, ...own }])

const spendingOf = async (service: TestService, claims = {}): Promise<Stats['spending']> =>
  (await service.get('/v1/stats', authorization(claims))).json().spending

const codeOf = async (service: TestService, body: object, claims = {}): Promise<string> => {
  const response = await service.execute(body, authorization(claims))
  if (response.statusCode === 200) return 'ok'
  return response.json().run.results[0].error.code
}

describe('what one run may cost', () => {
  it('stops the call that might cost more than is left, and no other', async () => {
    const service = await start({ per_run: 13 })
    const tasks = [
      { task_id: 'a', ...TEN },
      { task_id: 'b', ...TEN, dependencies: ['a'] },
      { task_id: 'free', agent_type: 'Clinical' },
    ]
    const response = await run(service, custom(tasks))
    expect(resultOf(response, 'a')).toMatchObject({ status: 'succeeded', cost: 4 })
    expect(resultOf(response, 'b')).toMatchObject({ status: 'failed', error: { code: 'budget_exceeded' }, cost: 0 })
    expect(resultOf(response, 'free')).toMatchObject({ status: 'succeeded', cost: 0 })
    expect(response).toMatchObject({ status: 'partial', metadata: { cost: 4 } })
    expect(service.server(CHAT).ledger.received).toBe(1)
  })

  it('is what the request says where that is less', async () => {
    const service = await start({ per_run: 100 })
    expect(await codeOf(service, { ...one(), max_cost: 9 })).toBe('budget_exceeded')
    expect(await codeOf(service, { ...one(), max_cost: 10 })).toBe('ok')
  })

  it('lets a cheaper fallback answer', async () => {
    const service = await start({ per_run: 9 })
    const result = resultOf(await run(service, one({ agent_type: 'Thrifty' })), 'a')
    expect(result).toMatchObject({ status: 'succeeded', model: CLINICAL, planned_model: CHAT, cost: 0 })
    expect(result.attempts).toMatchObject([{ model: CHAT, outcome: 'budget_exceeded' }, { outcome: 'ok' }])
  })

  it('goes by the time until the deadline where a second has the price, and by the time taken afterwards', async () => {
    const service = await start({ per_run: 3 }, { price: { gpu_second: 1 } })
    expect(await codeOf(service, one({ timeout_ms: 20_000 }))).toBe('budget_exceeded')
    const { cost } = resultOf(await run(service, one({ timeout_ms: 2500 })), 'a')
    expect(cost).toBeGreaterThan(0)
    expect(cost).toBeLessThan(2.5)
  })

  it('holds for a task that names its model too', async () => {
    const service = await start({})
    const task = { task: 'Hi', model: CHAT, max_tokens: 10, max_cost: 9 }
    const response = await service.app.inject({
      method: 'POST',
      url: '/v1/tasks',
      headers: authorization(),
      payload: task,
    })
    expect(response.json()).toMatchObject({
      code: 'budget_exceeded',
      run: { results: [{ error: { code: 'budget_exceeded' } }] },
    })
    expect(service.server(CHAT).ledger.received).toBe(0)
  })

  it.each([
    ['that names its model', { agent_type: 'auto', model: CHAT }],
    ['of an agent', { agent_type: 'Chat' }],
  ])('is bounded by the max_cost of a task %s, before its call', async (_, own) => {
    const service = await start({})
    expect(await codeOf(service, one({ ...own, max_cost: 9 }))).toBe('budget_exceeded')
    expect(service.server(CHAT).ledger.received).toBe(0)
    expect(await codeOf(service, one({ ...own, max_cost: 10 }))).toBe('ok')
  })

  it('is bounded by the max_cost of a task over all of its calls', async () => {
    const service = await start({})
    const received = () => service.server(CHAT).ledger.received
    service.server(CHAT).setFaults([{ kind: 'status', status: 500 }])
    const failed = await service.execute(one({ max_cost: 19 }))
    expect([failed.json().run.results[0].cost, received()]).toEqual([10, 1])
    service.server(CHAT).setFaults([{ kind: 'status', status: 500 }])
    expect([await codeOf(service, one({ max_cost: 20 })), received()]).toEqual(['ok', 3])
  })

  it('counts calls that failed after a model had worked at their worst', async () => {
    const service = await start({})
    service.server(CHAT).setFaults(() => ({ kind: 'malformed' }))
    const failed = await service.execute(one())
    const [{ cost, attempts }] = failed.json().run.results
    expect(cost).toBe(10 * attempts.length)
    service.server(CHAT).setFaults(() => ({ kind: 'status', status: 400 }))
    const refused = await service.execute(one())
    expect(refused.json().run.results[0].cost).toBe(0)
  })
})

describe('what a day may cost', () => {
  it('bounds each caller, and all callers of a tenant together', async () => {
    const service = await start({ per_caller_day: 13, per_tenant_day: 21 })
    expect(await codeOf(service, one())).toBe('ok')
    expect(await codeOf(service, one())).toBe('budget_exceeded')
    expect(await codeOf(service, one(), { subject: 'nurse-2' })).toBe('ok')
    expect(await codeOf(service, one(), { subject: 'nurse-3' })).toBe('ok')
    expect(await codeOf(service, one(), { subject: 'nurse-4' })).toBe('budget_exceeded')
    expect(await codeOf(service, one(), { tenant: 'other' })).toBe('ok')
    await expect
      .poll(() => spendingOf(service))
      .toMatchObject([
        { account: 'tenant', spent: 12, set_aside: 0, limit: 21 },
        { account: 'caller:nurse-1', spent: 4, set_aside: 0, limit: 13 },
      ])
    const { text } = await service.app.service.scrape()
    expect(text).toContain(`consilium_call_cost_dollars_total{model="${CHAT}"} 16\n`)
  })

  it('has limits of its own for a tenant that the roster names', async () => {
    const service = await start({ per_tenant_day: 100, tenants: { poor: { per_tenant_day: 9 } } })
    expect(await codeOf(service, one(), { tenant: 'poor' })).toBe('budget_exceeded')
    expect(await codeOf(service, one())).toBe('ok')
  })

  it('is never passed by requests side by side', async () => {
    const service = await start({ per_tenant_day: 25 })
    const codes = await Promise.all(Array.from({ length: 12 }, () => codeOf(service, one())))
    await expect.poll(async () => (await spendingOf(service))[0]?.set_aside).toBe(0)
    const [account] = await spendingOf(service)
    expect(account?.spent).toBeLessThanOrEqual(25)
    expect(account?.spent).toBe(4 * codes.filter((code) => code === 'ok').length)
    expect(new Set(codes)).toEqual(new Set(['ok', 'budget_exceeded']))
  })

  it.each([{}, { JOURNAL: 'off' }])('is not forgotten by a restart: %j', async (env) => {
    const settings = { env: { DATA_DIR: newFolder(), ...env } }
    const before = await start({ per_tenant_day: 13 }, settings)
    expect(await codeOf(before, one())).toBe('ok')
    await expect.poll(() => spendingOf(before)).toMatchObject([{ spent: 4, set_aside: 0 }])
    await before.app.close()
    const after = await start({ per_tenant_day: 13 }, settings)
    expect(await spendingOf(after)).toMatchObject([{ spent: 4, set_aside: 0, limit: 13 }])
    expect(await codeOf(after, one())).toBe('budget_exceeded')
  })

  it('is not spent by an answer that is known', async () => {
    const service = await start({ per_tenant_day: 13 })
    expect(await codeOf(service, { ...one(), cache: true })).toBe('ok')
    expect(await codeOf(service, { ...one(), cache: true })).toBe('ok')
    await expect.poll(() => spendingOf(service)).toMatchObject([{ spent: 4 }])
  })
})

describe('a model that cannot be paid any more', () => {
  const cloudy =
    (budgets: RosterBudgets) =>
    (roster: RosterFile): RosterFile => ({
      ...priced(budgets)(roster),
      models: priced(budgets)(roster).models.map((model) =>
        model.id === CHAT ? { ...model, quality: 10, speed: 10, weaknesses: [], domains: ['general'] } : model,
      ),
    })
  const ask = async (service: TestService, url: string, body: object = {}) =>
    service.app.inject({
      method: 'POST',
      url,
      headers: authorization(),
      payload: { task: 'Is 38.2 °C a fever?', prefer: 'quality', max_tokens: 10, ...body },
    })

  it('is neither previewed nor asked first once the day of its caller is over', async () => {
    const service = await startService({ simulator: { reply }, roster: cloudy({ per_caller_day: 13 }) })
    expect((await ask(service, '/v1/route')).json().target_model).toBe(CHAT)
    expect((await ask(service, '/v1/tasks')).json().model).toBe(CHAT)
    await expect.poll(() => spendingOf(service)).toMatchObject([{ spent: 4, set_aside: 0 }])
    const preview = (await ask(service, '/v1/route')).json()
    expect(preview.target_model).not.toBe(CHAT)
    expect(preview.table.find(({ model }: { model: string }) => model === CHAT).gate).toEqual({
      code: 'budget',
      reason: 'may cost $10, and the budget has $9 left',
    })
    const answer = (await ask(service, '/v1/tasks')).json()
    const { results } = (await service.get(`/v1/runs/${answer.run_id}`)).json()
    expect(answer.model).toBe(preview.target_model)
    expect(results[0].attempts).toMatchObject([{ model: preview.target_model, outcome: 'ok' }])
  })

  it('is refused by the account that is empty where no other is left', async () => {
    const models = (roster: RosterFile): RosterFile => {
      const all = cloudy({ per_caller_day: 9 })(roster)
      return {
        ...all,
        models: all.models.filter(({ id }) => id === CHAT),
        agents: { Chat: { model: CHAT, fallbacks: [] } },
      }
    }
    const service = await startService({ simulator: { reply }, roster: models, workflows: [] })
    expect((await ask(service, '/v1/route')).json().code).toBe('no_model')
    expect((await ask(service, '/v1/tasks')).json().code).toBe('budget_exceeded')
  })
})
