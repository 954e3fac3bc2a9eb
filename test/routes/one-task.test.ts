import { describe, expect, it } from 'vitest'
import type { RosterBudgets } from '../../src/contract/budget.ts'
import type { RosterFile } from '../../src/contract/roster.ts'
import { CHAT, CLINICAL, custom, post, type ServiceOptions, startService } from '../helpers/service.ts'

const start = (options: ServiceOptions = {}) => startService({ simulator: { reply: () => 'Yes.' }, ...options })

const chat = (model: string, more: object = {}) => ({ model, messages: [{ role: 'user', content: 'Hi' }], ...more })

type Model = RosterFile['models'][number]

/** The roster with models changed or added, and with budgets. */
const rosterWith =
  (change: (model: Model) => Partial<Model>, budgets?: RosterBudgets, added: Partial<Model>[] = []) =>
  (roster: RosterFile): RosterFile => ({
    ...roster,
    models: [
      ...roster.models.map((model) => ({ ...model, ...change(model) })),
      ...added.map((model) => ({ ...(roster.models[0] as Model), ...model })),
    ],
    ...(budgets && { budgets }),
  })

/** A call of 10 tokens costs 10 dollars at most. */
const priced = (budgets?: RosterBudgets) =>
  rosterWith(({ id }) => (id === CHAT ? { price: { input: 0, output: 1_000_000 } } : {}), budgets)

const CLOUD = 'https://cloud.example.com/v1'
const switchedOff: ServiceOptions = {
  env: { ALLOWED_MODEL_HOSTS: '127.0.0.1,cloud.example.com' },
  roster: rosterWith(() => ({}), undefined, [
    { id: 'cloud-xl', served_model: 'xl', url: CLOUD, tier: 'CLOUD_LARGE', price: { input: 1, output: 1 } },
  ]),
}

const lastOf = (body: string, mark: string) =>
  JSON.parse(
    body
      .split('\n')
      .filter((line) => line.startsWith('data: {') && line.includes(mark))
      .at(-1)
      ?.slice('data: '.length) ?? 'null',
  )

describe('an answer of another model than the planned one', () => {
  it('says so, and why, in a task: whole and as a stream', async () => {
    const service = await start()
    const task = { task: 'Is 38.2 °C a fever?' }
    const { target_model } = (await post(service, '/v1/route', task)).json()
    service.server(target_model).setFaults(() => ({ kind: 'status', status: 400 }))
    const told = `in place of ${target_model}, which gave no usable answer (upstream_rejected).`
    const whole = (await post(service, '/v1/tasks', task)).json()
    const streamed = await post(service, '/v1/tasks', { ...task, stream: true })
    for (const answer of [whole, lastOf(streamed.body, '"content"')]) {
      expect(answer.planned_model).toBe(target_model)
      expect(answer.model).not.toBe(target_model)
      expect(answer.metadata.warnings).toEqual([`Written by ${answer.model} ${told}`])
      expect(answer.metadata.reasoning).toContain(told)
    }
  })

  it('says so, and why, in a chat completion: whole and as a stream', async () => {
    const service = await start()
    service.server(CLINICAL).setFaults(() => ({ kind: 'status', status: 400 }))
    const whole = (await post(service, '/v1/chat/completions', chat('agent:Clinical'))).json()
    const streamed = await post(service, '/v1/chat/completions', chat('agent:Clinical', { stream: true }))
    for (const { model, consilium } of [whole, lastOf(streamed.body, '"consilium"')]) {
      expect(consilium).toMatchObject({ model, planned_model: CLINICAL })
      expect(consilium.warnings).toEqual([
        `Written by ${model} in place of ${CLINICAL}, which gave no usable answer (upstream_rejected).`,
      ])
    }
  })

  it('says that the planned one was not asked where it could not be paid', async () => {
    const service = await start({
      roster: (roster) => ({
        ...priced({ per_run: 9 })(roster),
        agents: { ...roster.agents, Thrifty: { model: CHAT, fallbacks: [CLINICAL] } },
      }),
    })
    const answer = await post(service, '/v1/chat/completions', chat('agent:Thrifty', { max_tokens: 10 }))
    expect(answer.json().consilium.warnings).toEqual([
      `Written by ${CLINICAL} in place of ${CHAT}, which was not asked (budget_exceeded).`,
    ])
  })

  it('has nothing to say where the planned one answered', async () => {
    const { consilium } = (await post(await start(), '/v1/chat/completions', chat(CHAT))).json()
    expect(consilium).toMatchObject({ model: CHAT, planned_model: CHAT, warnings: [], cached: false })
  })
})

it('a known answer is called known in a chat completion too, whole and as a stream', async () => {
  const service = await start()
  const known = chat(CHAT, { cache: true })
  expect((await post(service, '/v1/chat/completions', known)).json().consilium.cached).toBe(false)
  expect((await post(service, '/v1/chat/completions', known)).json().consilium.cached).toBe(true)
  const { body } = await post(service, '/v1/chat/completions', { ...known, stream: true })
  expect(lastOf(body, '"consilium"').consilium.cached).toBe(true)
})

describe('a refusal of ours', () => {
  const MISSING = 'This cloud model is off: it needs a key in MODEL_API_KEYS.'

  it.each([
    ['/v1/chat/completions', chat('cloud-xl')],
    ['/v1/tasks', { task: 'Hi', model: 'cloud-xl' }],
  ])('says what the model lacks, and is no failure of a server: %s', async (url, body) => {
    const refused = await post(await start(switchedOff), url, body)
    expect([refused.statusCode, refused.json().code]).toEqual([422, 'egress_refused'])
    expect(refused.json().detail).toContain(MISSING)
    expect(refused.json().run.results[0].error.message).toContain(MISSING)
  })

  it('ends a stream with the same words', async () => {
    const service = await start(switchedOff)
    const { body } = await post(service, '/v1/chat/completions', chat('cloud-xl', { stream: true }))
    expect(lastOf(body, '"error"').error).toMatchObject({
      code: 'egress_refused',
      message: expect.stringContaining(MISSING),
    })
  })

  const ten = { task: 'Hi', model: CHAT, max_tokens: 10 }
  it.each([
    ['max_cost', {}, { max_cost: 9 }, 'more than is left of the 9 that this task may cost (max_cost)'],
    ['per_run', { per_run: 8 }, {}, 'more than is left of the 8 that one run may cost (per_run)'],
    ['per_caller_day', { per_caller_day: 7 }, {}, 'more than the 7 that this caller may spend (per_caller_day) on any'],
    ['per_tenant_day', { per_tenant_day: 6 }, {}, 'more than the 6 that this tenant may spend (per_tenant_day) on any'],
  ] as const)('names the budget: %s', async (_, budgets, more, words) => {
    const refused = await post(await start({ roster: priced(budgets) }), '/v1/tasks', { ...ten, ...more })
    expect([refused.statusCode, refused.json().code]).toEqual([429, 'budget_exceeded'])
    expect(refused.json().detail).toContain(`The call could cost up to 10 US dollars, ${words}`)
    expect([refused.headers['retry-after'], refused.headers['x-should-retry']]).toEqual([undefined, 'false'])
  })

  it('names the budget of a run of one task too, which has failed like any other', async () => {
    const { task: prompt, ...own } = ten
    const tasks = [{ task_id: 'a', agent_type: 'Chat', prompt, ...own }]
    const refused = await (await start({ roster: priced() })).execute({ ...custom(tasks), max_cost: 9 })
    expect([refused.statusCode, refused.json().code]).toEqual([502, 'run_failed'])
    expect(refused.json().detail).toContain('left of the 9 that this request may cost (max_cost)')
  })

  it.each([
    ['/v1/tasks', { task: 'Hi '.repeat(20_000), model: CHAT }],
    ['/v1/chat/completions', chat(CHAT, { messages: [{ role: 'user', content: 'Hi '.repeat(20_000) }] })],
  ])('says that a text is too long, which no second try would change: %s', async (url, body) => {
    const refused = await post(await start({}), url, body)
    expect([refused.statusCode, refused.json().code]).toEqual([422, 'context_overflow'])
    expect(refused.json().detail).toMatch(/context/)
  })

  it('stays a failed run where there are more tasks than one', async () => {
    const tasks = ['a', 'b'].map((task_id) => ({ task_id, agent_type: 'Chat', max_tokens: 10 }))
    const failed = await (await start({ roster: priced({ per_run: 9 }) })).execute(custom(tasks))
    expect([failed.statusCode, failed.json().code]).toEqual([502, 'run_failed'])
  })

  it('says when an account that is used up for the day is free again', async () => {
    const service = await start({ roster: priced({ per_caller_day: 10 }) })
    expect((await post(service, '/v1/tasks', ten)).statusCode).toBe(200)
    const refused = await post(service, '/v1/tasks', ten)
    const { detail, run } = refused.json()
    const { free_at } = run.results[0].error
    expect(detail).toContain(`(per_caller_day) on ${new Date(Date.parse(free_at) - 1).toISOString().slice(0, 10)}`)
    expect(detail).toContain(`free again at ${free_at}`)
    expect(free_at).toMatch(/T00:00:00.000Z$/)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  })

  it('is no refusal where a server was asked and failed', async () => {
    const service = await start()
    service.server(CHAT).setFaults(() => ({ kind: 'status', status: 400 }))
    const failed = await post(service, '/v1/chat/completions', chat(CHAT))
    expect([failed.statusCode, failed.json().code]).toEqual([502, 'run_failed'])
    expect(failed.json().error.message).toContain(
      '(upstream_rejected): The model server rejected the request (status 400)',
    )
  })
})

describe('what is refused is named as its caller wrote it', () => {
  const embedder = { id: 'embedder', served_model: 'embedder', kind: 'embedding' } as const
  const roster = (running: RosterFile): RosterFile =>
    rosterWith((model) => ({ served_model: model.id }), undefined, [embedder])(running)

  it.each([
    ['/v1/tasks', { task: 'Hi', model: 'nope' }],
    ['/v1/chat/completions', chat('embedder')],
    ['/v1/chat/completions', chat('embedder', { stream: true })],
  ])('a model that cannot be asked: %s %j', async (url, body) => {
    const refused = await post(await start({ roster }), url, body)
    expect(refused.statusCode).toBe(400)
    expect(refused.json()).toMatchObject({ code: 'unknown_model', errors: [{ field: 'model' }] })
  })

  const image = { type: 'image_url', image_url: { url: 'https://x.example/a.png' } }
  it.each([
    [{ messages: [{ role: 'user', content: [image] }] }, 'messages[0].content[0].type', 'no images, sound or files'],
    [{ messages: [{ role: 'user', content: 7 }] }, 'messages[0].content', 'must be text, or a list of parts'],
    [{ messages: [{ role: 'function', content: 'x' }] }, 'messages[0].role', 'in place of "function" use "tool"'],
    [{ response_format: { type: 'xml' } }, 'response_format.type', '"json_object" or "json_schema"'],
    [{ stop: [1] }, 'stop[0]', 'must be a string'],
  ])('a part that is not supported: %j', async (wrong, field, words) => {
    const refused = await post(await start(), '/v1/chat/completions', chat(CHAT, wrong))
    const { errors, error } = refused.json()
    expect([refused.statusCode, errors.length, errors[0].field]).toEqual([400, 1, field])
    expect([errors[0].message, error.message, error.param]).toEqual([
      expect.stringContaining(words),
      expect.stringContaining(words),
      field,
    ])
  })
})

describe('GET /v1/models/{model}', () => {
  it.each([CHAT, 'agent:Clinical', 'auto'])('tells of %s what the list does', async (id) => {
    const service = await start()
    const { data } = (await service.get('/v1/models')).json()
    const one = await service.get(`/v1/models/${encodeURIComponent(id)}`)
    expect(one.statusCode).toBe(200)
    expect(one.json()).toEqual(data.find((listed: { id: string }) => listed.id === id))
  })

  it('and what is wrong with either is said as OpenAI’s clients read it', async () => {
    const service = await start()
    const none = await service.get('/v1/models/gpt-4o')
    expect([none.statusCode, none.json().error]).toMatchObject([404, { code: 'not_found', param: 'model' }])
    for (const url of ['/v1/models', `/v1/models/${CHAT}`]) {
      const stranger = await service.app.inject({ url })
      expect([stranger.statusCode, stranger.json().error?.code]).toEqual([401, 'unauthorized'])
    }
    for (const url of ['/v1/models/a/b', '/v1/responses']) {
      const nothing = await service.get(url)
      expect([nothing.statusCode, nothing.json().error?.code]).toEqual([404, 'not_found'])
    }
  })
})
