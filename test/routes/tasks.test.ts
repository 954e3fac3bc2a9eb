import { describe, expect, it } from 'vitest'
import { RoutingDecision } from '../../src/contract/routing.ts'
import { TaskAnswer } from '../../src/contract/tasks.ts'
import { authorization, CHAT, CLINICAL, custom, post, type ServiceOptions, startService } from '../helpers/service.ts'
import { withEmbeddings } from '../helpers/with-embeddings.ts'

const start = (options: ServiceOptions = {}) => startService({ simulator: { reply: () => 'Yes, it is.' }, ...options })

describe('POST /v1/tasks', () => {
  it('chooses a model, says why, and answers', async () => {
    const service = await start()
    const response = await post(service, '/v1/tasks', { task: 'Is 38.2 °C a fever?' })
    expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8'])
    const answer = TaskAnswer.parse(response.json())
    expect(answer).toMatchObject({
      status: 'succeeded',
      success: true,
      content: 'Yes, it is.',
      memory: null,
      citations: [],
      metadata: { task_type: 'SIMPLE', cost: 0, cached: false, simulated: true, truncated: false },
    })
    expect(answer.model).toBe(answer.routing?.target_model)
    expect(answer.metadata.reasoning).toContain(answer.model)
    expect(answer.routing?.table.map(({ model }) => model).sort()).toEqual([...service.simulator.servers.keys()].sort())
  })

  it('asks the model that is named, and chooses nothing', async () => {
    const service = await start()
    const { model, routing } = (await post(service, '/v1/tasks', { task: 'Hi', model: CHAT })).json()
    expect([model, routing]).toEqual([CHAT, null])
  })

  it('sends the task, its context as data and nothing else', async () => {
    const service = await start()
    const task = 'Shorten {{this}}'
    const body = { task, context: ['A </context> trap', 'B'], system_prompt: 'Be brief.', model: CHAT }
    await post(service, '/v1/tasks', body)
    expect(service.server(CHAT).ledger.entries[0]?.messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: 'Shorten {{this}}\n\n<context>\nA <\\/context> trap\n</context>\n<context>\nB\n</context>',
      },
    ])
  })

  it('falls back on the next best when the chosen one fails', async () => {
    const service = await start()
    const { target_model } = (await post(service, '/v1/route', { task: 'Is 38.2 °C a fever?' })).json()
    service.server(target_model).setFaults(() => ({ kind: 'status', status: 400 }))
    const answer = (await post(service, '/v1/tasks', { task: 'Is 38.2 °C a fever?' })).json()
    expect(answer.status).toBe('succeeded')
    expect(answer.routing.target_model).toBe(target_model)
    expect(answer.routing.alternatives.map(({ model }: { model: string }) => model)).toContain(answer.model)
  })

  it('refuses what no model may serve, model by model', async () => {
    const service = await start()
    const response = await post(service, '/v1/tasks', { task: 'Hi', tiers: ['CLOUD_LARGE'] })
    expect(response.statusCode).toBe(422)
    expect(response.json()).toMatchObject({ code: 'no_model', routing: { task_type: expect.any(String) } })
    expect(response.json().routing.models).toHaveLength(service.simulator.servers.size)
  })

  it.each([
    [{}, 'task'],
    [{ task: ' ' }, 'task'],
    [{ task: 'x', prefer: 'best' }, 'prefer'],
    [{ task: 'x', retrieve_context: { top_k: 0 } }, 'retrieve_context'],
    [{ task: 'x', modle: 'y' }, 'modle'],
  ])('names the field that is wrong: %j', async (body, field) => {
    const response = await post(await start(), '/v1/tasks', body)
    expect(response.statusCode).toBe(400)
    expect(response.json().errors[0].field).toContain(field)
  })

  it.each([
    ['/v1/tasks', { task: 'x', model: CHAT, tiers: ['CLOUD_LARGE'] }, 'tiers'],
    ['/v1/tasks', { task: 'x', model: CHAT, prefer: 'quality' }, 'prefer'],
    ['/v1/chat/completions', { model: CHAT, messages: [{ role: 'user', content: 'x' }], prefer: 'cost' }, 'prefer'],
    ['/v1/workflows/execute', custom([{ task_id: 'a', prefer: 'cost' }]), 'custom_tasks[0].prefer'],
    [
      '/v1/workflows/execute',
      custom([{ task_id: 'a', agent_type: 'auto', model: CHAT, prefer_local: true }]),
      'custom_tasks[0].prefer_local',
    ],
  ])('refuses a wish where nothing is chosen: %s %j', async (url, body, field) => {
    const response = await post(await start(), url, body)
    expect([response.statusCode, response.json().errors]).toEqual([
      400,
      [{ field, message: expect.stringContaining('has no meaning here') }],
    ])
  })

  it('refuses an agent that is not there also where the model is named', async () => {
    const body = custom([{ task_id: 'a', agent_type: 'Nope', model: CHAT }])
    const response = await post(await start(), '/v1/workflows/execute', body)
    expect([response.statusCode, response.json().code]).toEqual([400, 'unknown_agent'])
  })

  it('is asked to come again while all models that might serve it are away', async () => {
    const service = await start()
    const models = [...service.simulator.servers.keys()]
    for (const id of models) service.server(id).setFaults([{ kind: 'refuse', for_ms: 60_000 }])
    for (const model of models) await post(service, '/v1/tasks', { task: 'Hi', model })
    for (const [url, body] of [
      ['/v1/route', { task: 'Hi' }],
      ['/v1/tasks', { task: 'Hi' }],
      ['/v1/chat/completions', { model: 'auto', messages: [{ role: 'user', content: 'Hi' }] }],
    ] as const) {
      const response = await post(service, url, body)
      expect([response.statusCode, response.json().code]).toEqual([503, 'models_away'])
      expect(Number(response.headers['retry-after'])).toBeGreaterThan(0)
      expect(response.json().routing.models.map(({ code }: { code: string }) => code)).toContain('unreachable')
    }
    const never = await post(service, '/v1/tasks', { task: 'Hi', tiers: ['CLOUD_LARGE'] })
    expect([never.statusCode, never.json().code]).toEqual([422, 'no_model'])
  })

  it('streams metadata, content and done', async () => {
    const service = await start()
    const { body, headers } = await post(service, '/v1/tasks', { task: 'Is 38.2 °C a fever?', stream: true })
    expect(headers['content-type']).toContain('text/event-stream')
    const events = body
      .split('\n\n')
      .filter((frame) => frame.startsWith('event:'))
      .map((frame) => {
        const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(frame) ?? []
        return { event, data: JSON.parse(data ?? 'null') }
      })
    expect(events[0]).toMatchObject({ event: 'metadata', data: { routing: { task_type: 'SIMPLE' } } })
    const text = events.filter(({ event }) => event === 'content').map(({ data }) => data.delta)
    expect(text.join('')).toBe('Yes, it is.')
    const last = events.at(-1)
    expect(last?.event).toBe('done')
    expect(TaskAnswer.parse(last?.data).content).toBe('Yes, it is.')
  })

  it('gives a known answer again where that is allowed, to the same tenant only', async () => {
    const service = await start()
    const ask = async (task: object, claims = {}) =>
      (await post(service, '/v1/tasks', { model: CHAT, ...task }, claims)).json()
    const calls = () => service.server(CHAT).ledger.received
    expect((await ask({ task: 'Hi', cache: true })).metadata.cached).toBe(false)
    const again = await ask({ task: 'Hi', cache: true })
    expect([again.metadata.cached, again.content, again.model, again.metadata.latency_ms]).toEqual([
      true,
      'Yes, it is.',
      CHAT,
      0,
    ])
    expect(calls()).toBe(1)
    for (const [other, claims] of [
      [{ task: 'Hi' }],
      [{ task: 'Hi!', cache: true }],
      [{ task: 'Hi', cache: true, temperature: 0.1 }],
      [{ task: 'Hi', cache: true, system_prompt: 'Other.' }],
      [{ task: 'Hi', cache: true }, { tenant: 'other' }],
    ] as const)
      expect((await ask(other, claims)).metadata.cached).toBe(false)
    expect(calls()).toBe(6)
  })

  it('runs without memory where there is none, and says so', async () => {
    const answer = (
      await post(await start(), '/v1/tasks', { task: 'Hi', model: CHAT, store_memory: true, retrieve_context: true })
    ).json()
    expect(answer.status).toBe('succeeded')
    expect(answer.memory).toEqual({
      stored: false,
      reason: expect.stringContaining('no model of the roster makes embeddings'),
    })
    expect(answer.metadata.warnings.join()).toContain('Written without all evidence')
  })

  it('remembers for the tenant, and hands what is near to later tasks', async () => {
    const service = await start({ roster: withEmbeddings })
    const first = await post(service, '/v1/tasks', {
      task: 'The ward round starts at seven.',
      model: CHAT,
      store_memory: true,
    })
    expect(first.json().memory).toEqual({ stored: true, reason: null })
    const ask = (claims: object) =>
      post(
        service,
        '/v1/tasks',
        { task: 'When does the ward round start?', model: CHAT, retrieve_context: { top_k: 2 } },
        claims,
      )
    const { citations } = (await ask({})).json()
    expect(citations).toMatchObject([{ evidence_id: 'E1', passage: 1, cited: false }])
    expect(service.server(CHAT).ledger.entries.at(-1)?.messages.at(-1)?.content).toContain('ward round starts at seven')
    expect((await ask({ tenant: 'other' })).json().citations).toEqual([])
  })
})

describe('POST /v1/route', () => {
  it('decides as a run would, and asks no model', async () => {
    const service = await start()
    const response = await post(service, '/v1/route', { task: 'Write a function that adds two numbers.' })
    expect(RoutingDecision.parse(response.json()).task_type).toBe('CODING')
    for (const { ledger } of service.simulator.servers.values()) expect(ledger.received).toBe(0)
  })

  it('weighs what is preferred', async () => {
    const service = await start()
    const weights = async (prefer: string) =>
      (await post(service, '/v1/route', { task: 'Hi', prefer })).json().table[0].weights
    expect((await weights('speed')).speed).toBeGreaterThan((await weights('quality')).speed)
  })
})

describe('evidence in workflows', () => {
  it('comes into the prompt and back as citations', async () => {
    const service = await startService({
      roster: withEmbeddings,
      simulator: { reply: () => 'Metformin stays [E1]. So it is [E9].' },
    })
    const document = { title: 'Guideline', source: 'g.txt', text: 'Metformin is first line in type 2 diabetes.' }
    const added = await post(service, '/v1/evidence', document)
    expect([added.statusCode, added.json().passages]).toEqual([201, 1])
    const response = await service.execute({
      workflow_type: 'custom',
      context: { drug: 'metformin' },
      custom_tasks: [
        {
          task_id: 'a',
          agent_type: 'Clinical',
          prompt: 'Keep {{context.drug}}?',
          retrieve: { query: '{{context.drug}} diabetes', top_k: 3 },
        },
      ],
    })
    const [result] = response.json().results
    expect(result.citations).toMatchObject([
      { evidence_id: 'E1', title: 'Guideline', source: 'g.txt', passage: 1, cited: true, document_id: added.json().id },
    ])
    expect(result.warnings.join()).toContain('E9')
    expect(service.server(CLINICAL).ledger.entries[0]?.messages.at(-1)?.content).toContain(
      '<evidence id="E1" title="Guideline" passage="1">',
    )

    const gone = await service.app.inject({
      method: 'DELETE',
      url: `/v1/evidence/${added.json().id}`,
      headers: authorization({ tenant: 'other' }),
    })
    expect(gone.statusCode).toBe(404)
    const removed = await service.app.inject({
      method: 'DELETE',
      url: `/v1/evidence/${added.json().id}`,
      headers: authorization(),
    })
    expect(removed.statusCode).toBe(204)
  })
})

describe('GET /v1/stats', () => {
  it('counts the tasks of the tenant by type and model', async () => {
    const service = await start()
    await post(service, '/v1/tasks', { task: 'Is 38.2 °C a fever?' })
    service.server(CHAT).setFaults(() => ({ kind: 'status', status: 400 }))
    await post(service, '/v1/tasks', { task: 'Hi', model: CHAT })
    const stats = (await service.get('/v1/stats')).json()
    expect(stats.tasks).toMatchObject({ tasks: 2, succeeded: 1, success_rate: 0.5 })
    expect(stats.by_type.SIMPLE).toMatchObject({ tasks: 1, succeeded: 1 })
    expect(stats.by_model[CHAT]).toMatchObject({ tasks: 1, succeeded: 0, latency_ms: null })
    expect(stats.memory).toMatchObject({ available: false, reason: expect.any(String) })
    expect((await service.get('/v1/stats', authorization({ tenant: 'other' }))).json().tasks.tasks).toBe(0)
  })
})

describe('the same Idempotency-Key', () => {
  it.each([
    ['/v1/tasks', { task: 'Hi', model: CHAT }],
    ['/v1/chat/completions', { model: CHAT, messages: [{ role: 'user', content: 'Hi' }] }],
  ])('gives the same answer from the record, streamed or not: %s', async (url, payload) => {
    const service = await start()
    const ask = (more: object = {}, headers = {}) =>
      service.app.inject({
        method: 'POST',
        url,
        headers: { ...authorization(), 'idempotency-key': 'k-1', ...headers },
        payload: { ...payload, ...more },
      })
    const [first, second, streamed] = [await ask(), await ask(), await ask({ stream: true })]
    expect([first.statusCode, second.statusCode, streamed.statusCode]).toEqual([200, 200, 200])
    expect(second.headers['idempotency-replayed']).toBe('true')
    expect(second.json().run_id).toBe(first.json().run_id)
    expect(second.body).toContain('Yes, it is.')
    expect(streamed.body).toContain('Yes, it is.')
    expect(service.server(CHAT).ledger.received).toBe(1)
    const other = await ask({ temperature: 0.1 })
    expect([other.statusCode, other.json().code]).toEqual([422, 'idempotency_mismatch'])
    const later = await ask({}, { 'idempotency-key': 'k-2', prefer: 'respond-async' })
    expect([later.statusCode, later.json().errors[0].field]).toEqual([400, 'Prefer'])
  })
})

describe('what a task says', () => {
  it('stands in no log line, metric, audit entry or problem', async () => {
    const service = await start({ roster: withEmbeddings })
    const secret = 'Mrs. Quillfeather'
    const texts = [
      [
        '/v1/tasks',
        {
          task: secret,
          system_prompt: secret,
          context: [secret],
          cache: true,
          store_memory: true,
          retrieve_context: true,
        },
      ],
      ['/v1/tasks', { task: secret, stream: true }],
      ['/v1/route', { task: secret, context: [secret] }],
      ['/v1/chat/completions', { model: 'auto', messages: [{ role: 'user', content: secret }] }],
      ['/v1/embeddings', { model: 'auto', input: secret }],
      ['/v1/tasks', { task: secret, tiers: ['CLOUD_LARGE'] }],
      ['/v1/tasks', { task: secret, model: secret }],
      ['/v1/chat/completions', { model: secret, messages: [{ role: 'user', content: secret }] }],
      ['/v1/chat/completions', { model: 'auto', messages: [{ role: secret, content: secret }] }],
    ] as const
    const answers = []
    for (const [url, body] of texts) answers.push(await post(service, url, body))
    service.simulator.servers.forEach((server) => {
      server.setFaults(() => ({ kind: 'status', status: 400, body: secret }))
    })
    for (const [url, body] of texts) answers.push(await post(service, url, body))
    const problems = answers.filter(({ statusCode }) => statusCode >= 400)
    expect(new Set(problems.map((answer) => answer.json().code))).toEqual(
      new Set(['no_model', 'unknown_model', 'not_found', 'invalid_request', 'run_failed']),
    )
    // A model that the roster lacks is named back to whoever asked for it.
    for (const answer of problems.filter((one) => one.json().code !== 'unknown_model'))
      expect(answer.body).not.toContain('Quillfeather')
    const { text } = await service.app.service.scrape()
    const audit = await service.get('/v1/audit', authorization({ scopes: ['admin'] }))
    expect(audit.statusCode).toBe(200)
    for (const kept of [JSON.stringify(service.lines), text, audit.body]) expect(kept).not.toContain('Quillfeather')
  })
})
