import { describe, expect, it } from 'vitest'
import { CHAT, custom, resultOf, run, startService } from '../../helpers/service.ts'

describe('the timeout of a task', () => {
  it('covers waiting in the queue: task_timeout, and no model is asked', async () => {
    const service = await startService({ simulator: { slots: 1 } })
    service.server(CHAT).setFaults(() => ({ kind: 'hang' }))
    const tasks = [
      { task_id: 'holds', timeout_ms: 400 },
      { task_id: 'waits', timeout_ms: 100 },
    ]
    const { run: ended } = (await service.execute(custom(tasks))).json()
    expect(resultOf(ended, 'waits')).toMatchObject({
      status: 'failed',
      error: { code: 'task_timeout' },
      attempts: [],
      model: null,
      started_at_ms: null,
      latency_ms: 0,
    })
    expect(resultOf(ended, 'waits').queue_ms).toBeGreaterThan(0)
    expect(resultOf(ended, 'holds').error?.code).toBe('upstream_timeout')
    expect(service.server(CHAT).ledger.received).toBe(1)
  })

  it('is TASK_TIMEOUT_MS unless the task says otherwise', async () => {
    const service = await startService({ env: { TASK_TIMEOUT_MS: '100' } })
    service.server(CHAT).setFaults(() => ({ kind: 'hang' }))
    const { run: ended } = (await service.execute(custom([{ task_id: 'a' }]))).json()
    expect(ended.results[0].error.code).toBe('upstream_timeout')
  })

  it('fails a task at once when a server asks to wait for longer', async () => {
    const service = await startService()
    service.server(CHAT).setFaults([{ kind: 'status', status: 429, retry_after: '30' }])
    const tasks = [{ task_id: 'a', timeout_ms: 20_000 }]
    const { run: ended } = (await service.execute(custom(tasks))).json()
    expect(ended.results[0]).toMatchObject({ error: { code: 'rate_limited' }, attempts: [{ outcome: 'rate_limited' }] })
    expect(service.server(CHAT).ledger.received).toBe(1)
  })

  it('belongs to its task alone: what is independent goes on, what depends on it is skipped', async () => {
    const service = await startService()
    service.server(CHAT).setFaults(() => ({ kind: 'hang' }))
    const tasks = [
      { task_id: 'late', timeout_ms: 100 },
      { task_id: 'good', agent_type: 'Clinical' },
      { task_id: 'after', agent_type: 'Clinical', dependencies: ['late'] },
    ]
    const { results, status } = await run(service, custom(tasks))
    expect(status).toBe('partial')
    expect(results.map((result) => result.status)).toEqual(['failed', 'succeeded', 'skipped'])
  })

  it('of one millisecond harms no server’s standing', async () => {
    const service = await startService({ simulator: { latencyMs: 50 } })
    const tasks = Array.from({ length: 12 }, (_, at) => ({ task_id: `t${at}`, timeout_ms: 1 }))
    expect((await service.execute(custom(tasks))).statusCode).toBe(502)
    expect((await run(service, custom([{ task_id: 'next' }]))).status).toBe('succeeded')
  })
})

describe('the timeout of a run', () => {
  it('is 504 run_timeout with the run: what is done stays, what is not is cancelled', async () => {
    const service = await startService({ simulator: { slots: 1 } })
    service.server(CHAT).setFaults(() => ({ kind: 'hang' }))
    const tasks = [
      { task_id: 'done', agent_type: 'Clinical' },
      { task_id: 'in_flight' },
      { task_id: 'in_queue' },
      { task_id: 'behind', agent_type: 'Clinical', dependencies: ['in_flight'] },
    ]
    const response = await service.execute(custom(tasks, { timeout_ms: 1000 }))
    expect(response.headers['content-type']).toBe('application/problem+json')
    const { run: ended, ...problem } = response.json()
    expect(problem).toMatchObject({ status: 504, code: 'run_timeout', title: 'The run did not finish in time' })
    expect(problem.detail).toContain('1 of 4 tasks had succeeded')
    expect(ended).toMatchObject({ status: 'partial', success: false })
    const seen = ended.results.map(({ task_id, status, error, attempts }: (typeof ended.results)[number]) => [
      task_id,
      status,
      error?.code ?? null,
      attempts.map(({ outcome }: { outcome: string }) => outcome),
    ])
    expect(seen).toEqual([
      ['done', 'succeeded', null, ['ok']],
      ['in_flight', 'cancelled', 'cancelled', ['upstream_timeout']],
      ['in_queue', 'cancelled', 'cancelled', []],
      ['behind', 'cancelled', 'cancelled', []],
    ])
    expect(resultOf(ended, 'done').content).toMatch(/\S/)
    await service.simulator.ledger.idle()
    expect(service.server(CHAT).ledger).toMatchObject({ received: 1, aborted: 1 })
  })

  it('leaves the lanes free for the next run', async () => {
    const service = await startService({ simulator: { slots: 1 } })
    service.server(CHAT).setFaults([{ kind: 'hang' }])
    expect((await service.execute(custom([{ task_id: 'a' }, { task_id: 'b' }], { timeout_ms: 100 }))).statusCode).toBe(
      504,
    )
    expect((await run(service, custom([{ task_id: 'c' }]))).status).toBe('succeeded')
  })

  it('ends a back-off too', async () => {
    const service = await startService()
    service.server(CHAT).setFaults(() => ({ kind: 'status', status: 503, retry_after: '20' }))
    const response = await service.execute(custom([{ task_id: 'a' }], { timeout_ms: 200 }))
    expect(response.json()).toMatchObject({
      code: 'run_timeout',
      run: { results: [{ status: 'cancelled', attempts: [{ outcome: 'upstream_error' }] }] },
    })
  })

  it('is RUN_TIMEOUT_MS at most, whatever the request asks for', async () => {
    const service = await startService({ env: { RUN_TIMEOUT_MS: '150' } })
    service.server(CHAT).setFaults(() => ({ kind: 'hang' }))
    const tasks = [{ task_id: 'a' }]
    expect((await service.execute(custom(tasks))).json().code).toBe('run_timeout')
    expect((await service.execute(custom(tasks, { timeout_ms: 86_400_000 }))).json().code).toBe('run_timeout')
  })

  it('counts as a run of its own kind in log and metrics', async () => {
    const service = await startService()
    service.server(CHAT).setFaults(() => ({ kind: 'hang' }))
    await service.execute(custom([{ task_id: 'a' }], { timeout_ms: 50 }))
    expect(await service.line('run ended')).toMatchObject({
      status: 'failed',
      timed_out: true,
      errors: { cancelled: 1 },
    })
    expect((await service.get('/metrics', {})).body).toContain(
      'consilium_workflow_runs_total{workflow="custom",status="failed"} 1',
    )
  })
})
