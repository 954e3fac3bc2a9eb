import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ExecuteResponse, RunMetadata, TaskResult } from '../../src/contract/result.ts'
import { authorization, CLINICAL, custom, INSURANCE, resultOf, run, STAY, startService } from '../helpers/service.ts'

const discharge = { workflow_type: 'discharge_summary', context: STAY }

/** Exactly the members of the contract, on every level. */
const Exact = ExecuteResponse.extend({
  metadata: RunMetadata.strict(),
  results: z.array(TaskResult.strict()),
}).strict()

describe('POST /v1/workflows/execute', () => {
  it('answers a run that succeeded with every member of the contract', async () => {
    const service = await startService()
    const response = await run(service, discharge)
    expect(Exact.safeParse(response).error).toBeUndefined()
    expect(response).toMatchObject({
      workflow_type: 'discharge_summary',
      status: 'succeeded',
      success: true,
      metadata: {
        num_tasks: 2,
        lanes_used: 2,
        agents: ['Clinical', 'Billing'],
        simulated: true,
        queue_time_ms: 0,
        retry_time_ms: 0,
        errors: [],
      },
    })
    expect(response.run_id).toMatch(/^[0-9a-f-]{36}$/)
    expect(response.results.map(({ task_id }) => task_id)).toEqual(['clinical_summary', 'billing_codes'])
  })

  it('says of each task who did it, where, and what the server counted', async () => {
    const service = await startService({ simulator: { reply: () => 'one two three' } })
    const { ledger, url } = service.server(CLINICAL)
    const result = resultOf(await run(service, discharge), 'clinical_summary')
    expect(ledger.received).toBe(1)
    expect(result).toMatchObject({
      agent_type: 'Clinical',
      model: CLINICAL,
      planned_model: CLINICAL,
      status: 'succeeded',
      success: true,
      content: 'one two three',
      error: null,
      tokens: 4,
      finish_reason: 'stop',
      truncated: false,
      priority: 1,
      dependencies: [],
      gpu: 0,
      backend: url,
      warnings: [],
      attempts: [{ model: CLINICAL, url, outcome: 'ok', latency_ms: result.latency_ms }],
    })
    expect(result.prompt_tokens).toBeGreaterThan(50)
    expect(result.started_at_ms).toBeGreaterThanOrEqual(0)
    expect(result.latency_ms).toBeGreaterThan(0)
  })

  it('gives times and ratios that agree with each other', async () => {
    const service = await startService()
    const { metadata, results, total_latency_ms, parallel_efficiency } = await run(service, discharge)
    const latencies = results.map(({ latency_ms }) => latency_ms)
    const sum = latencies.reduce((all, one) => all + one, 0)
    expect(metadata.sequential_time_ms).toBeCloseTo(sum, 2)
    expect(metadata.critical_path_ms).toBe(Math.max(...latencies))
    expect(metadata.critical_path).toEqual([
      results.find(({ latency_ms }) => latency_ms === metadata.critical_path_ms)?.task_id,
    ])
    expect(metadata.speedup_factor).toBeCloseTo(sum / total_latency_ms, 3)
    expect(metadata.ideal_speedup).toBeCloseTo(sum / metadata.critical_path_ms, 3)
    expect(parallel_efficiency).toBeCloseTo(Math.min(1, metadata.speedup_factor / metadata.lanes_used), 3)
    expect(metadata.overhead_ms).toBeCloseTo(total_latency_ms - metadata.critical_path_ms, 2)
    expect(total_latency_ms).toBeGreaterThanOrEqual(metadata.critical_path_ms)
  })

  it('puts results and sections in plan order, whichever ends first', async () => {
    const service = await startService({
      simulator: {
        reply: ({ messages }) => `Done: ${messages[1]?.content}`,
        latencyMs: (_, { gpu }) => (gpu === 0 ? 40 : 0),
      },
    })
    const tasks = [{ task_id: 'first', agent_type: 'Clinical' }, { task_id: 'second' }]
    const { aggregated_content, results } = await run(service, custom(tasks))
    expect(results.map(({ task_id }) => task_id)).toEqual(['first', 'second'])
    expect(aggregated_content.indexOf('Do first.')).toBeLessThan(aggregated_content.indexOf('Do second.'))
  })

  it('gives every run another id, and one log line', async () => {
    const service = await startService()
    const ids = new Set([(await run(service, discharge)).run_id, (await run(service, discharge)).run_id])
    expect(ids.size).toBe(2)
    const ended = service.lines.filter(({ msg }) => msg === 'run ended')
    expect(ended.map(({ run_id }) => run_id)).toEqual([...ids])
    expect(ended[0]).toMatchObject({ tenant: 'default', subject: 'nurse-1', workflow: 'discharge_summary', tasks: 2 })
  })

  it('is an ordinary JSON answer that no cache keeps', async () => {
    const { execute } = await startService()
    const { headers } = await execute(discharge)
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    expect(headers['content-type']).toContain('application/json')
    expect(headers).toHaveProperty('ratelimit-remaining')
  })

  it.each(['application/json', '*/*', 'text/html, application/json;q=0.9', 'text/event-stream;q=0, */*'])(
    'answers JSON under Accept: %s',
    async (accept) => {
      const { execute } = await startService()
      const { authorization: token } = authorization()
      const { headers } = await execute(discharge, { authorization: token, accept })
      expect(headers['content-type']).toContain('application/json')
    },
  )
})

describe('simulated', () => {
  it('is false for servers that do not say so', async () => {
    const service = await startService({ simulator: { markSimulated: false } })
    const { metadata, aggregated_content } = await run(service, discharge)
    expect(metadata.simulated).toBe(false)
    expect(aggregated_content).not.toContain('[SIMULATED')
  })

  it('cannot be set by the caller, in no header and no member', async () => {
    const service = await startService({ simulator: { markSimulated: false } })
    const { authorization: token } = authorization()
    const marked = await service.execute(discharge, { authorization: token, 'x-consilium-simulator': '1' })
    expect(marked.json().metadata.simulated).toBe(false)
    expect((await service.execute({ ...discharge, simulated: true })).statusCode).toBe(400)
  })

  it('is said in the document when one of several answers was', async () => {
    const service = await startService({ simulator: { markSimulated: false } })
    const other = await startService()
    const mixed = await startService({
      roster: () => ({
        ...service.simulator.roster,
        models: service.simulator.roster.models.map((model) =>
          model.id === INSURANCE ? { ...model, url: other.server(INSURANCE).url } : model,
        ),
      }),
    })
    const { metadata, aggregated_content } = await run(mixed, discharge)
    expect(metadata.simulated).toBe(true)
    expect(aggregated_content.split('\n')[1]).toMatch(/^\[SIMULATED/)
  })
})
