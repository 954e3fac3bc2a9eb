import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../simulator/faults.ts'
import { CHAT, CLINICAL, custom, resultOf, run, startService } from '../../helpers/service.ts'

const fail = (): Fault => ({ kind: 'status', status: 400 })

describe('a task that fails', () => {
  it('stops nothing that is independent of it, and the document says what is missing', async () => {
    const service = await startService({ simulator: { reply: () => 'A sound answer.' } })
    service.server(CHAT).setFaults(fail)
    const response = await run(service, custom([{ task_id: 'bad' }, { task_id: 'good', agent_type: 'Clinical' }]))
    expect(response).toMatchObject({ status: 'partial', success: false })
    expect(response.results.map(({ status, success }) => [status, success])).toEqual([
      ['failed', false],
      ['succeeded', true],
    ])
    expect(resultOf(response, 'bad')).toMatchObject({ content: null, tokens: null, model: CHAT, finish_reason: null })
    expect(response.aggregated_content).toContain('[INCOMPLETE DOCUMENT: 1 of 2 parts is missing.]')
    expect(response.aggregated_content).toContain('[NOT AVAILABLE: task "bad" failed (upstream_rejected).')
    expect(response.aggregated_content).toContain('A sound answer.')
  })

  it('skips all that depend on it, each naming the dependency that did not succeed', async () => {
    const service = await startService()
    service.server(CHAT).setFaults(fail)
    const tasks = [
      { task_id: 'bad' },
      { task_id: 'child', agent_type: 'Clinical', dependencies: ['bad'] },
      { task_id: 'grandchild', agent_type: 'Billing', dependencies: ['child'] },
      { task_id: 'good', agent_type: 'MedicalQA' },
      { task_id: 'mixed', agent_type: 'MedicalQA', dependencies: ['good', 'bad'] },
    ]
    const { results, metadata, status } = await run(service, custom(tasks))
    expect(status).toBe('partial')
    expect(results.map((result) => result.status)).toEqual(['failed', 'skipped', 'skipped', 'succeeded', 'skipped'])
    expect(results[1]).toMatchObject({
      model: null,
      planned_model: CLINICAL,
      error: { code: 'dependency_failed' },
      attempts: [],
      started_at_ms: null,
      latency_ms: 0,
    })
    expect(metadata.errors.map(({ task_id, code, cause }) => [task_id, code, cause])).toEqual([
      ['bad', 'upstream_rejected', null],
      ['child', 'dependency_failed', 'bad'],
      ['grandchild', 'dependency_failed', 'child'],
      ['mixed', 'dependency_failed', 'bad'],
    ])
    for (const { task_id, code, message } of metadata.errors)
      expect(results.find((result) => result.task_id === task_id)?.error).toEqual({ code, message })
    expect(service.simulator.ledger.received).toBe(2)
  })

  it('counts in no sum', async () => {
    const service = await startService()
    service.server(CHAT).setFaults(() => ({ kind: 'empty' }))
    const { metadata, results } = await run(
      service,
      custom([{ task_id: 'bad' }, { task_id: 'good', agent_type: 'Clinical' }]),
    )
    expect(metadata.sequential_time_ms).toBe(results[1]?.latency_ms)
    expect(results[0]?.latency_ms).toBeGreaterThan(0)
  })
})

describe('a run in which no task succeeds', () => {
  it('is 502 run_failed with the whole run, and no clinical text beside it', async () => {
    const service = await startService()
    service.server(CHAT).setFaults(fail)
    const tasks = [
      { task_id: 'a', prompt: 'On {{context.note}}' },
      { task_id: 'b', dependencies: ['a'] },
    ]
    const response = await service.execute(custom(tasks, { context: { note: 'CANARY-Jane-Doe' } }))
    expect(response.statusCode).toBe(502)
    expect(response.headers['content-type']).toBe('application/problem+json')
    const { run: ended, ...problem } = response.json()
    expect(problem).toMatchObject({ code: 'run_failed', title: 'No task of the run succeeded', errors: [] })
    expect(problem.detail).toContain('upstream_rejected, dependency_failed')
    expect(JSON.stringify(problem)).not.toContain('CANARY')
    expect(ended).toMatchObject({
      status: 'failed',
      success: false,
      parallel_efficiency: 0,
      metadata: { num_tasks: 2, sequential_time_ms: 0, speedup_factor: 0, ideal_speedup: 0, simulated: false },
    })
    expect(ended.results.map(({ status }: { status: string }) => status)).toEqual(['failed', 'skipped'])
    expect(service.lines.some((line) => JSON.stringify(line).includes('CANARY'))).toBe(false)
  })

  it('holds the same members as one that succeeds', async () => {
    const service = await startService()
    const whole = await run(service, custom([{ task_id: 'a' }]))
    service.server(CHAT).setFaults(fail)
    const { run: failed } = (await service.execute(custom([{ task_id: 'a' }]))).json()
    expect(Object.keys(failed)).toEqual(Object.keys(whole))
    expect(Object.keys(failed.metadata)).toEqual(Object.keys(whole.metadata))
    expect(Object.keys(failed.results[0])).toEqual(Object.keys(whole.results[0] ?? {}))
  })
})

describe('output that the token limit cut', () => {
  const tasks = [
    { task_id: 'cut', max_tokens: 5 },
    { task_id: 'next', agent_type: 'Clinical', dependencies: ['cut'] },
  ]

  it('keeps its task succeeded and makes the run partial', async () => {
    const service = await startService({
      simulator: { reply: ({ max_tokens }) => 'word '.repeat((max_tokens ?? 0) > 5 ? 9 : 99) },
    })
    const response = await run(service, custom(tasks))
    expect(response).toMatchObject({ status: 'partial', success: false })
    expect(resultOf(response, 'cut')).toMatchObject({
      status: 'succeeded',
      success: true,
      truncated: true,
      error: null,
      finish_reason: 'length',
      tokens: 5,
    })
    expect(response.metadata.errors).toMatchObject([{ task_id: 'cut', code: 'output_truncated', cause: null }])
  })

  it('is said in the document and in the prompt of whoever builds on it', async () => {
    const service = await startService({
      simulator: { reply: ({ max_tokens }) => 'word '.repeat((max_tokens ?? 0) > 5 ? 9 : 99) },
    })
    const { aggregated_content } = await run(service, custom(tasks))
    expect(aggregated_content).toContain('[INCOMPLETE DOCUMENT: 1 of 2 parts is cut by the token limit.]')
    expect(aggregated_content).toContain('[INCOMPLETE: cut by the token limit.')
    expect(aggregated_content).toContain('[INCOMPLETE INPUT: this part rests on the answer of task "cut"')
    const prompt = service.server(CLINICAL).ledger.entries[0]?.messages[1]?.content
    expect(prompt).toMatch(
      /<output task="cut" agent="Chat" incomplete="true">[\s\S]*<\/output>\nNote: .*cut by a token limit/,
    )
  })

  it('counts as cut even when the server says that it stopped by itself', async () => {
    const service = await startService()
    service.server(CHAT).setFaults([{ kind: 'cut_as_stop' }])
    const { results, metadata } = await run(service, custom([{ task_id: 'a', max_tokens: 64 }]))
    expect(results[0]).toMatchObject({ truncated: true, finish_reason: 'stop', tokens: 64, error: null })
    expect(metadata.errors[0]?.code).toBe('output_truncated')
  })
})
