import { describe, expect, it } from 'vitest'
import {
  CHAT,
  CLINICAL,
  custom,
  INSURANCE,
  MEDICAL_QA,
  run,
  STAY,
  startService,
  type TestService,
} from '../helpers/service.ts'

/** Every metric of the contract with its labels, but the time to the first token: nothing streams from models yet. */
const METRICS: Record<string, string[]> = {
  workflow_runs_total: ['workflow', 'status'],
  workflow_duration_seconds: ['workflow'],
  workflow_speedup_ratio: ['workflow'],
  workflow_parallel_efficiency_ratio: ['workflow'],
  workflow_overhead_seconds: ['workflow'],
  task_duration_seconds: ['agent', 'model', 'status'],
  task_queue_seconds: ['model'],
  tasks_total: ['agent', 'model', 'status'],
  model_attempts_total: ['model', 'outcome'],
  model_tokens_total: ['model', 'type'],
  model_fallbacks_total: ['from', 'to', 'reason'],
  lane_slots: ['model', 'gpu'],
  lane_busy: ['model', 'gpu'],
  lane_queued: ['model', 'gpu'],
  gpu_busy_seconds_total: ['gpu'],
  breaker_open: ['model'],
  http_request_duration_seconds: ['method', 'route', 'status'],
  runs_in_flight: [],
  build_info: ['version', 'node'],
}

interface Sample {
  labels: Record<string, string>
  value: number
}

/** Samples of a metric; of a histogram its count. */
async function read({ get }: TestService, name: string): Promise<Sample[]> {
  const { body } = await get('/metrics', {})
  return body.split('\n').flatMap((line) => {
    const [, found, inside = '', value] = /^consilium_(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (found !== name && found !== `${name}_count`) return []
    const labels = Object.fromEntries([...inside.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text]))
    return [{ labels, value: Number(value) }]
  })
}

/** One run that succeeds, and one that falls back, fails, skips and retries. */
async function work(): Promise<TestService> {
  const service = await startService({ env: { BREAKER_COOLDOWN_MS: '600000' } })
  await run(service, { workflow_type: 'discharge_summary', context: STAY })
  service.server(CLINICAL).setFaults([{ kind: 'malformed' }])
  service.server(INSURANCE).setFaults([{ kind: 'status', status: 503, retry_after: '0' }])
  service.server(CHAT).setFaults(() => ({ kind: 'empty' }))
  const tasks = [
    { task_id: 'falls_back', agent_type: 'Clinical' },
    { task_id: 'retried', agent_type: 'Billing' },
    { task_id: 'fails' },
    { task_id: 'skipped', agent_type: 'Claims', dependencies: ['fails'] },
  ]
  await run(service, custom(tasks))
  return service
}

describe('GET /metrics', () => {
  it('is Prometheus text, with the defaults of Node', async () => {
    const { get } = await startService()
    const { headers, body } = await get('/metrics', {})
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(body).toContain('nodejs_eventloop_lag_seconds')
    expect(body).toContain('process_cpu_seconds_total')
  })

  it('has every metric of the contract, with its labels, after a run with faults', async () => {
    const service = await work()
    for (const [name, labels] of Object.entries(METRICS)) {
      const samples = await read(service, name)
      expect(samples.length, name).toBeGreaterThan(0)
      for (const sample of samples) expect(Object.keys(sample.labels).sort(), name).toEqual(labels.toSorted())
    }
  })

  it('counts runs, tasks, attempts and fallbacks as they were', async () => {
    const service = await work()
    const value = async (name: string, labels: Record<string, string>) => {
      const samples = await read(service, name)
      return samples.find((sample) => Object.entries(labels).every(([key, text]) => sample.labels[key] === text))?.value
    }
    expect(await value('workflow_runs_total', { workflow: 'discharge_summary', status: 'succeeded' })).toBe(1)
    expect(await value('workflow_runs_total', { workflow: 'custom', status: 'partial' })).toBe(1)
    expect(await value('workflow_duration_seconds', { workflow: 'custom' })).toBe(1)
    expect(await value('tasks_total', { agent: 'Clinical', model: MEDICAL_QA, status: 'succeeded' })).toBe(1)
    expect(await value('tasks_total', { agent: 'Chat', model: CHAT, status: 'failed' })).toBe(1)
    expect(await value('tasks_total', { agent: 'Claims', model: INSURANCE, status: 'skipped' })).toBe(1)
    expect(await value('model_attempts_total', { model: CLINICAL, outcome: 'ok' })).toBe(1)
    expect(await value('model_attempts_total', { model: CLINICAL, outcome: 'bad_upstream_response' })).toBe(1)
    expect(await value('model_attempts_total', { model: INSURANCE, outcome: 'upstream_error' })).toBe(1)
    expect(
      await value('model_fallbacks_total', { from: CLINICAL, to: MEDICAL_QA, reason: 'bad_upstream_response' }),
    ).toBe(1)
    expect(await value('lane_slots', { model: CLINICAL, gpu: '0' })).toBe(2)
    expect(await value('lane_busy', { model: CLINICAL })).toBe(0)
    expect(await value('runs_in_flight', {})).toBe(0)
    expect(await value('breaker_open', { model: CHAT })).toBe(0)
  })

  it('counts the tokens that the servers reported', async () => {
    const service = await startService()
    const { results } = await run(service, custom([{ task_id: 'a' }, { task_id: 'b' }]))
    const sum = (pick: (result: (typeof results)[number]) => number | null) =>
      results.reduce((all, result) => all + (pick(result) ?? 0), 0)
    const samples = await read(service, 'model_tokens_total')
    expect(samples).toEqual([
      { labels: { model: CHAT, type: 'completion' }, value: sum(({ tokens }) => tokens) },
      { labels: { model: CHAT, type: 'prompt' }, value: sum(({ prompt_tokens }) => prompt_tokens) },
    ])
  })

  it('shows runs, permits and an open breaker while they last', async () => {
    const service = await startService({ env: { BREAKER_COOLDOWN_MS: '600000' } })
    service.server(CLINICAL).setFaults([{ kind: 'hang' }])
    service.server(CHAT).setFaults(() => ({ kind: 'malformed' }))
    const broken = ['a', 'b', 'c', 'd', 'e'].map((task_id) => ({ task_id }))
    await service.execute(custom(broken))
    const running = service.execute(custom([{ task_id: 'held', agent_type: 'Clinical' }]))
    await service.server(CLINICAL).ledger.until(({ received }) => received === 1)
    expect(await read(service, 'runs_in_flight')).toEqual([{ labels: {}, value: 1 }])
    expect(await read(service, 'lane_busy')).toContainEqual({ labels: { model: CLINICAL, gpu: '0' }, value: 1 })
    expect(await read(service, 'breaker_open')).toContainEqual({ labels: { model: CHAT }, value: 1 })
    await service.server(CLINICAL).refuse()
    await running
  })

  it('labels requests by route and never by address', async () => {
    const service = await startService()
    await service.get('/v1/roster?patient=Jane')
    await service.get('/v1/patients/Jane')
    const samples = await read(service, 'http_request_duration_seconds')
    expect(samples.map(({ labels }) => labels)).toEqual([
      { method: 'GET', route: '/v1/roster', status: '200' },
      { method: 'GET', route: '(none)', status: '404' },
    ])
  })
})
