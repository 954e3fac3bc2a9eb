import { describe, expect, it } from 'vitest'
import type { RosterBudgets } from '../../src/contract/budget.ts'
import type { Price } from '../../src/contract/model-card.ts'
import type { RosterFile } from '../../src/contract/roster.ts'
import type { Stats } from '../../src/contract/stats.ts'
import { authorization, custom, queued, resultOf, run, startService, type TestService } from '../helpers/service.ts'
import { startWorkServer, type WorkServer, type WorkServerOptions } from '../helpers/work-server.ts'

/** One dollar for every token read. */
const DOLLAR_A_TOKEN: Price = { input: 1_000_000, output: 0 }

interface Settings {
  server?: WorkServerOptions
  slots?: number
  /** Cap on the GPU that both models are pinned to. */
  gpu_max?: number
  price?: Price
  budgets?: RosterBudgets
  env?: Record<string, string>
}

/** One server for a chat model and for the embedding model. */
const rosterOn =
  ({ url }: WorkServer, { slots = 1, gpu_max, price, budgets }: Settings) =>
  ({ agents }: RosterFile): RosterFile => ({
    gpus: [{ id: 0, ...(gpu_max !== undefined && { max_concurrent: gpu_max }) }],
    models: [
      { id: 'chat', served_model: 'chat', url, gpu: 0, slots, context_window: 8192 },
      { id: 'embedder', served_model: 'embedder', url, gpu: 0, slots, kind: 'embedding', ...(price && { price }) },
    ],
    agents: Object.fromEntries(Object.keys(agents).map((agent) => [agent, { model: 'chat', fallbacks: [] }])),
    ...(budgets && { budgets }),
  })

async function start(settings: Settings = {}) {
  const server = await startWorkServer(settings.server)
  const service = await startService({ roster: rosterOn(server, settings), env: settings.env ?? {} })
  return { server, service }
}

const embed = ({ app }: TestService, input: string | string[] = 'abc', claims = {}) =>
  app.inject({
    method: 'POST',
    url: '/v1/embeddings',
    headers: authorization(claims),
    payload: { model: 'auto', input },
  })

const laneOf = ({ app }: TestService, model: string) =>
  app.service.viewRoster().models.find(({ id }) => id === model) as { busy: number; queued: number }

const spendingOf = async (service: TestService): Promise<Stats['spending']> =>
  (await service.get('/v1/stats')).json().spending

const dollars = (spent: number, set_aside = 0) => expect.objectContaining({ spent, set_aside })

describe('POST /v1/embeddings and the GPU', () => {
  it.each([1, 2])('shares %i permits of a GPU with tasks: there are never more calls in flight', async (gpu_max) => {
    const { server, service } = await start({ slots: 2, gpu_max })
    server.hold('chat')
    server.hold('embeddings')
    const asked = Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        at % 2 === 0
          ? embed(service, [`text ${at}`, 'b'])
          : service.execute(custom([{ task_id: 'a' }, { task_id: 'b' }])),
      ),
    )
    await server.until(() => server.inFlight() === gpu_max)
    await expect.poll(() => laneOf(service, 'chat').queued + laneOf(service, 'embedder').queued).toBe(30 - gpu_max)
    server.free()
    const answers = await asked
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(answers.map(() => 200))
    expect([server.begun('embeddings'), server.begun('chat')]).toEqual([10, 20])
    expect(server.peak()).toBe(gpu_max)
  })

  it('takes a permit that the metrics show, and so does what waits', async () => {
    const { server, service } = await start()
    server.hold('embeddings')
    const both = [embed(service), embed(service)]
    await server.until(() => server.inFlight() === 1)
    await queued(service, 'embedder', 1)
    const { text } = await service.app.service.scrape()
    expect(text).toContain('consilium_lane_busy{model="embedder",gpu="0"} 1\n')
    expect(text).toContain('consilium_lane_queued{model="embedder",gpu="0"} 1\n')
    server.free()
    for (const { statusCode } of await Promise.all(both)) expect(statusCode).toBe(200)
    expect(server.peak()).toBe(1)
    expect(laneOf(service, 'embedder')).toMatchObject({ busy: 0, queued: 0 })
  })

  it('is refused as a run is while the lane is full, and so are documents', async () => {
    const { server, service } = await start({ env: { LANE_QUEUE_MAX: '1' } })
    server.hold('embeddings')
    const taken = [embed(service), embed(service)]
    await queued(service, 'embedder', 1)
    const refused = await embed(service, 'Canary')
    expect([refused.statusCode, refused.json().code, refused.json().error.code]).toEqual([
      503,
      'overloaded',
      'overloaded',
    ])
    expect(refused.json().estimate).toEqual({ wait_ms: null, finish_ms: null })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    const document = await service.app.inject({
      method: 'POST',
      url: '/v1/evidence',
      headers: authorization(),
      payload: { title: 'T', source: 's', text: 'Canary' },
    })
    expect([document.statusCode, document.json().code]).toEqual([503, 'overloaded'])
    server.free()
    for (const { statusCode } of await Promise.all(taken)) expect(statusCode).toBe(200)
    expect(server.begun('embeddings')).toBe(2)
  })

  it.each(['in flight', 'waiting'])('frees its permit when its caller leaves: %s', async (where) => {
    const { server, service } = await start()
    const address = await service.listen()
    server.hold('embeddings')
    const other = where === 'waiting' ? embed(service) : null
    if (other !== null) await server.until(() => server.inFlight() === 1)
    const caller = new AbortController()
    const left = fetch(`${address}/v1/embeddings`, {
      method: 'POST',
      headers: { ...authorization(), 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'auto', input: 'left' }),
      signal: caller.signal,
    }).catch((error: Error) => error.name)
    if (other === null) await server.until(() => server.inFlight() === 1)
    else await queued(service, 'embedder', 1)
    caller.abort()
    expect(await left).toBe('AbortError')
    await queued(service, 'embedder', 0)
    if (other === null) await server.until(() => server.inFlight() === 0)
    await expect.poll(() => laneOf(service, 'embedder').busy).toBe(other === null ? 0 : 1)
    server.free()
    expect((await (other ?? embed(service))).statusCode).toBe(200)
    expect(server.inputs).toEqual(other === null ? [['left'], ['abc']] : [['abc']])
  })

  it('ends at its deadline when the server hangs, says so by its code, and frees the permit', async () => {
    const { server, service } = await start({ env: { TASK_TIMEOUT_MS: '300' } })
    server.hold('embeddings')
    const hung = await embed(service, 'Canary')
    expect(hung.statusCode).toBe(502)
    expect(hung.json()).toMatchObject({ code: 'run_failed', failure: { code: 'upstream_timeout' } })
    expect(hung.body).not.toContain('Canary')
    expect(laneOf(service, 'embedder').busy).toBe(0)
    server.free()
    expect((await embed(service)).statusCode).toBe(200)
  })

  it('ends at its deadline when no permit comes, and then asks nobody', async () => {
    const { server, service } = await start({ gpu_max: 1, env: { TASK_TIMEOUT_MS: '200' } })
    server.hold('chat')
    const busy = service.execute(custom([{ task_id: 'a', timeout_ms: 20_000 }]))
    await server.until(() => server.inFlight() === 1)
    const late = await embed(service)
    expect([late.statusCode, late.json().failure.code]).toEqual([502, 'task_timeout'])
    server.free()
    expect((await busy).statusCode).toBe(200)
    expect(server.begun('embeddings')).toBe(0)
  })

  it('opens the breaker of its server, which shows', async () => {
    const { server, service } = await start()
    server.fail(500)
    for (let at = 0; at < 5; at++) expect((await embed(service)).json().failure.code).toBe('upstream_error')
    expect((await embed(service)).json().failure.code).toBe('breaker_open')
    expect(server.begun('embeddings')).toBe(5)
    const { text } = await service.app.service.scrape()
    expect(text).toContain('consilium_breaker_open{model="embedder"} 1\n')
  })
})

describe('POST /v1/embeddings and money', () => {
  /** Of a text of three bytes: these, and what may stand around it. */
  const WORST = 3 + 64 + 64

  it('books what the server reports against the caller and the tenant', async () => {
    const { service } = await start({
      price: DOLLAR_A_TOKEN,
      budgets: { per_caller_day: 1000, per_tenant_day: 2000 },
    })
    expect((await embed(service, ['abc', 'def'])).json().usage).toEqual({ prompt_tokens: 4, total_tokens: 4 })
    expect((await embed(service, 'abc', { subject: 'nurse-2' })).statusCode).toBe(200)
    await expect.poll(() => spendingOf(service)).toEqual([dollars(6), dollars(4)])
  })

  it.each([
    ['request', { per_run: WORST - 1 }],
    ['caller', { per_caller_day: WORST - 1 }],
    ['tenant', { per_tenant_day: WORST - 1 }],
  ])('is not sent when it might cost more than its %s may spend', async (_, budgets) => {
    const { server, service } = await start({ price: DOLLAR_A_TOKEN, budgets })
    const refused = await embed(service)
    expect([refused.statusCode, refused.json().failure.code]).toEqual([429, 'budget_exceeded'])
    expect(server.begun()).toBe(0)
  })

  it('is sent when its worst case just fits', async () => {
    const { service } = await start({ price: DOLLAR_A_TOKEN, budgets: { per_run: WORST, per_tenant_day: WORST } })
    expect((await embed(service)).statusCode).toBe(200)
  })

  it('never passes a budget by requests side by side', async () => {
    const { server, service } = await start({ price: DOLLAR_A_TOKEN, budgets: { per_tenant_day: 2 * WORST + 1 } })
    server.hold('embeddings')
    const asked = Array.from({ length: 6 }, () => embed(service))
    await expect.poll(() => spendingOf(service)).toEqual([dollars(0, 2 * WORST)])
    await queued(service, 'embedder', 1)
    server.free()
    const codes = (await Promise.all(asked)).map((one) => (one.statusCode === 200 ? 'ok' : one.json().failure.code))
    expect(codes.toSorted()).toEqual([...Array(4).fill('budget_exceeded'), 'ok', 'ok'])
    await expect.poll(() => spendingOf(service)).toEqual([dollars(4)])
    expect(server.begun('embeddings')).toBe(2)
  })

  it('counts at its worst where the server reports no tokens', async () => {
    const { service } = await start({
      server: { tokens: null },
      price: DOLLAR_A_TOKEN,
      budgets: { per_tenant_day: 1000 },
    })
    expect((await embed(service)).json().usage).toBeUndefined()
    await expect.poll(() => spendingOf(service)).toEqual([dollars(3 + 64)])
  })

  it('gives back what it set aside when it costs nothing, and books a failure after work at its worst', async () => {
    const { server, service } = await start({ price: DOLLAR_A_TOKEN, budgets: { per_tenant_day: 1000 } })
    server.fail(400)
    expect((await embed(service)).json().failure.code).toBe('upstream_rejected')
    await expect.poll(() => spendingOf(service)).toEqual([dollars(0)])
    server.fail(500)
    await embed(service)
    await expect.poll(() => spendingOf(service)).toEqual([dollars(3 + 64)])
  })

  it('costs nothing where the model has no price', async () => {
    const { service } = await start({ budgets: { per_run: 0, per_tenant_day: 0 } })
    expect((await embed(service)).statusCode).toBe(200)
    expect(await spendingOf(service)).toEqual([dollars(0)])
  })

  it('is what documents and searches cost too: their caller pays', async () => {
    const { service } = await start({ price: DOLLAR_A_TOKEN, budgets: { per_caller_day: 2000, per_tenant_day: 4000 } })
    const document = { title: 'T', source: 's', text: 'Metformin is first line.' }
    const added = await service.app.inject({
      method: 'POST',
      url: '/v1/evidence',
      headers: authorization(),
      payload: document,
    })
    expect(added.statusCode).toBe(201)
    await expect.poll(() => spendingOf(service)).toEqual([dollars(2), dollars(2)])
    const found = await run(service, custom([{ task_id: 'a', retrieve: { query: 'metformin' } }]))
    expect(resultOf(found, 'a').citations).toHaveLength(1)
    await expect.poll(() => spendingOf(service)).toEqual([dollars(4), dollars(4)])
    const poor = await run(service, custom([{ task_id: 'a', retrieve: { query: 'metformin' } }], { max_cost: 1 }))
    expect(resultOf(poor, 'a')).toMatchObject({ status: 'succeeded', citations: [] })
    expect(resultOf(poor, 'a').warnings.join()).toContain('could not be asked (budget_exceeded)')
  })
})

describe('a task that asks for evidence while the embedding model is busy', () => {
  const search = (own: object = {}) => custom([{ task_id: 'a', retrieve: { query: 'x' }, ...own }])

  it('runs without when no permit comes in time, and says which', async () => {
    const { server, service } = await start()
    server.hold('embeddings')
    const busy = embed(service)
    await server.until(() => server.inFlight() === 1)
    const result = resultOf(await run(service, search({ timeout_ms: 600 })), 'a')
    expect(result).toMatchObject({ status: 'succeeded', citations: [] })
    expect(result.warnings.join()).toMatch(
      /without all evidence: .*could not be asked \(task_timeout\).*No slot of embedder/,
    )
    server.free()
    expect((await busy).statusCode).toBe(200)
    expect(server.begun('embeddings')).toBe(1)
  })

  it('runs without at once when its lane is full, and says which', async () => {
    const { server, service } = await start({ env: { LANE_QUEUE_MAX: '1' } })
    server.hold('embeddings')
    const taken = [embed(service), embed(service)]
    await queued(service, 'embedder', 1)
    const { warnings } = resultOf(await run(service, search()), 'a')
    expect(warnings.join()).toMatch(/could not be asked \(queue_full\).*queue in front of embedder is full/)
    server.free()
    await Promise.all(taken)
  })

  it('and the memory of its answer is then not kept, which its answer says', async () => {
    const { server, service } = await start({ env: { LANE_QUEUE_MAX: '1' } })
    server.hold('embeddings')
    const taken = [embed(service), embed(service)]
    await queued(service, 'embedder', 1)
    const answer = await service.app.inject({
      method: 'POST',
      url: '/v1/tasks',
      headers: authorization(),
      payload: { task: 'Hi', model: 'chat', store_memory: true },
    })
    expect(answer.json().memory).toEqual({ stored: false, reason: expect.stringContaining('(queue_full)') })
    server.free()
    await Promise.all(taken)
  })

  it('goes before embeddings that nobody waits for as urgently', async () => {
    const { server, service } = await start()
    server.hold('embeddings')
    const first = embed(service, 'first')
    await server.until(() => server.inFlight() === 1)
    const later = embed(service, 'later')
    await queued(service, 'embedder', 1)
    const urgent = run(service, search({ priority: 4, retrieve: { query: 'urgent' } }))
    await queued(service, 'embedder', 2)
    server.free()
    await Promise.all([first, later, urgent])
    expect(server.inputs.flat()).toEqual(['first', 'urgent', 'later'])
  })
})
