import { describe, expect, it, vi } from 'vitest'
import { CHAT, CLINICAL, custom, MEDICAL_QA, run, startService, type TestService } from '../helpers/service.ts'

const modelIn = async ({ get }: TestService, id: string) => {
  const { models } = (await get('/v1/roster')).json()
  return models.find((model: { id: string }) => model.id === id)
}

describe('GET /v1/roster', () => {
  it('is the table agent → model → URL → GPU', async () => {
    const service = await startService()
    const { gpus, models, agents } = (await service.get('/v1/roster')).json()
    expect(gpus).toEqual([
      { id: 0, name: null, max_concurrent: null, busy: 0 },
      { id: 1, name: null, max_concurrent: null, busy: 0 },
    ])
    expect(models).toHaveLength(5)
    expect(models[0]).toMatchObject({
      id: CLINICAL,
      url: service.server(CLINICAL).url,
      gpu: 0,
      slots: 2,
      slots_source: 'roster',
      context_window: 8192,
      busy: 0,
      queued: 0,
      breaker: 'closed',
      last_latency_ms: null,
      agents: ['Clinical'],
    })
    expect(agents).toMatchObject({
      Clinical: { model: CLINICAL, fallbacks: [MEDICAL_QA] },
      MedicalQA: { model: MEDICAL_QA, fallbacks: [CLINICAL] },
      Claims: { model: 'OpenInsurance-LLaMA3-8B' },
      Chat: { model: CHAT, fallbacks: [] },
    })
  })

  it('tells what the servers told: their slots beside those listed, and the smaller of two contexts', async () => {
    const service = await startService({
      simulator: { slots: 3 },
      roster: (running) => ({
        ...running,
        models: running.models.map((model) =>
          model.id === CHAT ? { ...model, slots: 2, context_window: 65_536 } : model,
        ),
      }),
    })
    await vi.waitFor(async () =>
      expect(await modelIn(service, CHAT)).toMatchObject({
        slots: 2,
        slots_source: 'roster',
        served_slots: 3,
        context_window: 2048,
      }),
    )
    const findings = service.lines.filter(({ model }) => model === CHAT).map(({ finding }) => finding)
    expect(findings.sort()).toEqual(['reachable', 'slots_differ', 'smaller_context'])
  })

  it('never shows a key of a model server', async () => {
    const key = 'model-server-key-4711'
    const { get } = await startService({
      env: { MODEL_API_KEYS: JSON.stringify({ [CHAT]: key }) },
      simulator: { apiKeys: { [CHAT]: key } },
    })
    expect((await get('/v1/roster')).body).not.toContain(key)
  })

  it('shows permits taken and calls waiting while runs are under way', async () => {
    const service = await startService({
      simulator: { slots: 2 },
      roster: (running) => ({ ...running, gpus: [{ id: 0 }, { id: 1, name: 'RTX 3090', max_concurrent: 4 }] }),
    })
    service.server(CHAT).setFaults(() => ({ kind: 'hang' }))
    const tasks = ['a', 'b', 'c', 'd', 'e'].map((task_id) => ({ task_id }))
    const running = service.execute(custom(tasks))
    await service.server(CHAT).ledger.until(({ received }) => received === 2)
    expect(await modelIn(service, CHAT)).toMatchObject({ slots: 2, busy: 2, queued: 3 })
    const { gpus } = (await service.get('/v1/roster')).json()
    expect(gpus[1]).toEqual({ id: 1, name: 'RTX 3090', max_concurrent: 4, busy: 2 })
    await service.server(CHAT).refuse()
    await running
    expect(await modelIn(service, CHAT)).toMatchObject({ busy: 0, queued: 0 })
  })

  it('tells the estimated wait to the microsecond', async () => {
    const service = await startService({ simulator: { slots: 1 } })
    await run(service, custom([{ task_id: 'known' }]))
    service.server(CHAT).setFaults(() => ({ kind: 'hang' }))
    const running = service.execute(custom(['a', 'b', 'c'].map((task_id) => ({ task_id }))))
    await service.server(CHAT).ledger.until(({ received }) => received === 2)
    const { estimated_wait_ms } = await modelIn(service, CHAT)
    expect(estimated_wait_ms).toBeGreaterThan(0)
    expect(String(estimated_wait_ms)).toMatch(/^\d+(\.\d{1,3})?$/)
    await service.server(CHAT).refuse()
    await running
  })

  it('shows what the last contact with a server showed', async () => {
    const service = await startService()
    await run(service, custom([{ task_id: 'a' }]))
    const model = await modelIn(service, CHAT)
    expect(model).toMatchObject({ reachable: true, breaker: 'closed' })
    expect(model.last_latency_ms).toBeGreaterThan(0)

    await service.server(CHAT).refuse()
    await service.execute(custom([{ task_id: 'b' }]))
    expect(await modelIn(service, CHAT)).toMatchObject({ reachable: false, breaker: 'closed' })
  })

  it('shows a breaker that has opened, and tasks then fail at once without a call', async () => {
    const service = await startService({ env: { BREAKER_COOLDOWN_MS: '600000' } })
    service.server(CHAT).setFaults(() => ({ kind: 'malformed' }))
    await service.execute(custom(['a', 'b', 'c', 'd', 'e'].map((task_id) => ({ task_id }))))
    expect(await modelIn(service, CHAT)).toMatchObject({ breaker: 'open' })
    const { received } = service.simulator.ledger
    const problem = (await service.execute(custom([{ task_id: 'late' }]))).json()
    expect(problem.run.results[0]).toMatchObject({ error: { code: 'breaker_open' }, status: 'failed' })
    expect(service.simulator.ledger.received).toBe(received)
  })

  it('shows a breaker closed again after the probe of a server that works again', async () => {
    const service = await startService({ env: { BREAKER_COOLDOWN_MS: '1' } })
    service.server(CHAT).setFaults(() => ({ kind: 'malformed' }))
    await service.execute(custom(['a', 'b', 'c', 'd', 'e'].map((task_id) => ({ task_id }))))
    service.server(CHAT).setFaults([])
    await run(service, custom([{ task_id: 'probe' }]))
    expect(await modelIn(service, CHAT)).toMatchObject({ breaker: 'closed' })
  })
})

describe('GET /v1/models', () => {
  it('lists every model, every agent and auto, in the shape of OpenAI', async () => {
    const { get } = await startService()
    const { object, data } = (await get('/v1/models')).json()
    expect(object).toBe('list')
    const ids = data.map(({ id }: { id: string }) => id)
    expect(ids).toEqual(
      expect.arrayContaining([CLINICAL, CHAT, 'agent:Clinical', 'agent:Claims', 'agent:Chat', 'auto']),
    )
    expect(ids).toHaveLength(5 + 6 + 1)
    for (const model of data)
      expect(model).toEqual({ id: model.id, object: 'model', created: expect.any(Number), owned_by: 'consilium' })
  })
})
