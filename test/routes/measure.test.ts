import { describe, expect, it } from 'vitest'
import { CHAT, custom, run, startService } from '../helpers/service.ts'

const measure = { measure: 'sequential' }
const DIAMOND = [
  { task_id: 'a' },
  { task_id: 'b', dependencies: ['a'] },
  { task_id: 'c', dependencies: ['a'] },
  { task_id: 'd', dependencies: ['b', 'c'] },
]
const promptsOf = (entries: readonly { messages: readonly { content: unknown }[] }[]) =>
  entries.map(({ messages }) => String(messages.at(-1)?.content))

describe('measure: sequential', () => {
  it('runs the plan once more, one task at a time, and leaves the result of the run as it was', async () => {
    const service = await startService({ simulator: { latencyMs: 10, reply: () => `text ${++count}` } })
    let count = 0
    const { metadata, results, total_latency_ms } = await run(service, custom(DIAMOND, measure))
    const { ledger } = service.server(CHAT)
    const second = ledger.entries.slice(4)
    expect(second).toHaveLength(4)
    for (const [at, entry] of second.entries())
      expect(entry.startedAt).toBeGreaterThanOrEqual(ledger.entries[at + 3]?.endedAt ?? Number.NaN)
    expect(results.map(({ content }) => content).sort()).toEqual(['text 1', 'text 2', 'text 3', 'text 4'])
    expect(metadata.measured).toMatchObject({ complete: true, reason: null })
    const { sequential_time_ms, speedup_factor } = metadata.measured ?? {}
    expect(sequential_time_ms).toBeGreaterThanOrEqual(40 - 2)
    expect(speedup_factor).toBeCloseTo((sequential_time_ms ?? 0) / total_latency_ms, 3)
    // What the second pass took is not in the run's own time.
    const wall = (second[3]?.endedAt ?? 0) - (ledger.entries[0]?.receivedAt ?? 0)
    expect(total_latency_ms).toBeLessThan(wall)
  })

  it('hands on the outputs of the second pass', async () => {
    const service = await startService({ simulator: { reply: () => `text ${++count}` } })
    let count = 0
    await run(service, custom([{ task_id: 'a' }, { task_id: 'b', dependencies: ['a'] }], measure))
    const prompts = promptsOf(service.server(CHAT).ledger.entries)
    expect(prompts[2]).toBe(prompts[0])
    expect(prompts[1]).toContain('text 1')
    expect(prompts[3]).toBe(prompts[1]?.replace('text 1', 'text 3'))
  })

  it('measures nothing of a run that was not whole, and asks no model for it', async () => {
    const service = await startService()
    service.server(CHAT).setFaults([{ kind: 'status', status: 400 }, null])
    const { metadata, status } = await run(service, custom([{ task_id: 'a' }, { task_id: 'b' }], measure))
    expect(status).toBe('partial')
    expect(metadata.measured).toEqual({
      sequential_time_ms: null,
      speedup_factor: null,
      complete: false,
      reason: 'run_not_whole',
    })
    expect(service.server(CHAT).ledger.received).toBe(2)
  })

  it('invents no number when the second pass fails, ends it there, and the run stays a success', async () => {
    const service = await startService()
    service.server(CHAT).setFaults([null, null, null, { kind: 'status', status: 400 }])
    const tasks = [{ task_id: 'a' }, { task_id: 'b' }, { task_id: 'c' }]
    const { metadata, status } = await run(service, custom(tasks, measure))
    expect(status).toBe('succeeded')
    expect(metadata.measured).toMatchObject({ sequential_time_ms: null, complete: false, reason: 'pass_not_whole' })
    expect(service.server(CHAT).ledger.received).toBe(4)
  })

  it('ends with the deadline of the run, which stays a success', async () => {
    const service = await startService()
    service.server(CHAT).setFaults([null, { kind: 'hang' }])
    const { metadata, status } = await run(service, custom([{ task_id: 'a' }], { ...measure, timeout_ms: 400 }))
    expect(status).toBe('succeeded')
    expect(metadata.measured).toMatchObject({ speedup_factor: null, complete: false, reason: 'run_timeout' })
    expect(service.server(CHAT).ledger.received).toBe(2)
  })

  it('counts one run and its tasks once', async () => {
    const service = await startService()
    await run(service, custom([{ task_id: 'a' }], measure))
    const { text } = await service.app.service.scrape()
    expect(text).toContain(`consilium_tasks_total{agent="Chat",model="${CHAT}",status="succeeded"} 1\n`)
    expect(text).toContain('consilium_workflow_runs_total{workflow="custom",status="succeeded"} 1\n')
  })

  it('counts all calls that were made', async () => {
    const service = await startService()
    const { results } = await run(service, custom([{ task_id: 'a' }], measure))
    const { text } = await service.app.service.scrape()
    expect(service.server(CHAT).ledger.received).toBe(2)
    expect(text).toContain(`consilium_model_attempts_total{model="${CHAT}",outcome="ok"} 2\n`)
    const [, tokens] = /model_tokens_total\{[^}]*type="completion"\} (\d+)/.exec(text) ?? []
    expect(Number(tokens)).toBeGreaterThan(results[0]?.tokens ?? Number.NaN)
  })

  it('is not there unless asked for, and nothing else can be asked for', async () => {
    const service = await startService()
    expect((await run(service, custom([{ task_id: 'a' }]))).metadata).not.toHaveProperty('measured')
    const refused = await service.execute(custom([{ task_id: 'a' }], { measure: 'parallel' }))
    expect(refused.json()).toMatchObject({ status: 400, errors: [{ field: 'measure' }] })
    expect(service.server(CHAT).ledger.received).toBe(1)
  })
})
