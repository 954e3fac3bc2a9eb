import { describe, expect, it } from 'vitest'
import type { RosterFile } from '../../src/contract/roster.ts'
import { builtinRoster } from '../../src/models/builtin-roster.ts'
import {
  authorization,
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

const TRIAGE = 'Tiny-LLaMA-1.1B-Medical'

/** Every metric with its labels. */
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
  model_retries_total: ['model', 'result'],
  model_hedges_total: ['model', 'result'],
  model_ignored_answers_total: ['model', 'kind'],
  model_reconnects_total: ['model'],
  model_time_to_first_token_seconds: ['model'],
  breaker_transitions_total: ['model', 'to'],
  runs_refused_total: ['reason'],
  routing_fallbacks_total: ['reason'],
  lane_wait_seconds: ['model', 'priority'],
  lane_estimated_wait_seconds: ['model'],
  lane_slots: ['model', 'gpu'],
  lane_busy: ['model', 'gpu'],
  lane_queued: ['model', 'gpu'],
  gpu_busy_seconds_total: ['gpu'],
  breaker_open: ['model'],
  http_request_duration_seconds: ['method', 'route', 'status'],
  dropped_readers_total: [],
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

/** A second call to another model after a millisecond, for one agent. */
const hedging: RosterFile = {
  ...builtinRoster,
  agents: {
    ...builtinRoster.agents,
    MedicalQA: { model: MEDICAL_QA, fallbacks: [CLINICAL], hedge_after_ms: 1 },
  },
}

/** One run that succeeds, one that falls back, fails, skips and retries, one that is hedged and one that is streamed. */
async function work(): Promise<TestService> {
  const service = await startService({
    env: { BREAKER_COOLDOWN_MS: '600000' },
    simulator: { roster: hedging },
  })
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
  service.server(MEDICAL_QA).setFaults([{ kind: 'hang' }])
  await run(service, custom([{ task_id: 'hedged', agent_type: 'MedicalQA' }]))
  const streaming = { ...authorization(), accept: 'text/event-stream' }
  await service.execute(custom([{ task_id: 'streamed', agent_type: 'Triage' }]), streaming)
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

  it('counts as overhead what the service itself cost, not what another branch waited for in vain', async () => {
    const service = await startService()
    service.server(CHAT).setFaults(() => ({ kind: 'hang' }))
    const tasks = [
      { task_id: 'fine', agent_type: 'Triage' },
      { task_id: 'late', timeout_ms: 200 },
    ]
    const { metadata } = await run(service, custom(tasks))
    expect(metadata).toMatchObject({ critical_path: ['fine'], slowest_path: ['late'] })
    expect(metadata.service_ms).toBeLessThan(metadata.overhead_ms)
    const [, sum] =
      /^consilium_workflow_overhead_seconds_sum\S* (\S+)$/m.exec((await service.get('/metrics', {})).body) ?? []
    expect(Number(sum)).toBeCloseTo(metadata.service_ms / 1000, 9)
  })

  it('counts runs, tasks, attempts and fallbacks as they were', async () => {
    const service = await work()
    const value = async (name: string, labels: Record<string, string>) => {
      const samples = await read(service, name)
      return samples.find((sample) => Object.entries(labels).every(([key, text]) => sample.labels[key] === text))?.value
    }
    expect(await value('workflow_runs_total', { workflow: 'discharge_summary', status: 'succeeded' })).toBe(1)
    expect(await value('workflow_runs_total', { workflow: 'custom', status: 'partial' })).toBe(1)
    expect(await value('workflow_duration_seconds', { workflow: 'custom' })).toBe(3)
    expect(await value('tasks_total', { agent: 'Clinical', model: MEDICAL_QA, status: 'succeeded' })).toBe(1)
    expect(await value('tasks_total', { agent: 'Chat', model: CHAT, status: 'failed' })).toBe(1)
    expect(await value('tasks_total', { agent: 'Claims', model: INSURANCE, status: 'skipped' })).toBe(1)
    expect(await value('model_attempts_total', { model: CLINICAL, outcome: 'ok' })).toBe(2)
    expect(await value('model_attempts_total', { model: CLINICAL, outcome: 'bad_upstream_response' })).toBe(1)
    expect(await value('model_attempts_total', { model: INSURANCE, outcome: 'upstream_error' })).toBe(1)
    expect(
      await value('model_fallbacks_total', { from: CLINICAL, to: MEDICAL_QA, reason: 'bad_upstream_response' }),
    ).toBe(1)
    // The slow call that lost against the second one was no failure of another model to take over from.
    expect(await value('model_fallbacks_total', { from: MEDICAL_QA, to: CLINICAL, reason: 'hedged' })).toBe(1)
    expect(await value('model_hedges_total', { model: CLINICAL, result: 'won' })).toBe(1)
    expect(await value('model_retries_total', { model: INSURANCE, result: 'allowed' })).toBe(1)
    expect(await value('model_time_to_first_token_seconds', { model: TRIAGE })).toBe(1)
    expect(await value('lane_wait_seconds', { model: CHAT, priority: '0' })).toBe(1)
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

  it('counts each change of a breaker', async () => {
    const service = await startService({ env: { BREAKER_COOLDOWN_MS: '50' } })
    service.server(CHAT).setFaults(Array.from({ length: 5 }, () => ({ kind: 'malformed' })))
    await service.execute(custom(['a', 'b', 'c', 'd', 'e'].map((task_id) => ({ task_id }))))
    const changes = async () => {
      const samples = await read(service, 'breaker_transitions_total')
      return Object.fromEntries(
        samples.filter(({ labels }) => labels.model === CHAT).map(({ labels, value }) => [labels.to, value]),
      )
    }
    expect(await changes()).toEqual({ open: 1, half_open: 0, closed: 0 })
    await expect.poll(async () => (await service.execute(custom([{ task_id: 'f' }]))).statusCode).toBe(200)
    expect(await changes()).toEqual({ open: 1, half_open: 1, closed: 1 })
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
