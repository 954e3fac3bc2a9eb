import { describe, expect, it } from 'vitest'
import type { ExecuteResponse } from '../../src/contract/result.ts'
import type { Timeline, TimelineTask } from '../../src/contract/timeline.ts'
import {
  authorization,
  CHAT,
  custom,
  INSURANCE,
  MEDICAL_QA,
  STAY,
  startService,
  type TestService,
} from '../helpers/service.ts'

const post = ({ app }: TestService, url: string, payload: object) =>
  app.inject({ method: 'POST', url: `/v1/workflows/${url}`, headers: authorization(), payload })
const CHAIN = custom([{ task_id: 'a' }, { task_id: 'b', agent_type: 'Clinical', dependencies: ['a'] }])

const laneOf = ({ tasks }: Timeline, task_id: string): TimelineTask => {
  const found = tasks.find((task) => task.task_id === task_id)
  if (!found) throw new Error(`no lane of ${task_id}`)
  return found
}

describe('?timeline=true', () => {
  it('adds when and where each task worked, to the times of the same response', async () => {
    const service = await startService({ simulator: { latencyMs: 20 } })
    const response = await post(service, 'execute?timeline=true', CHAIN)
    const { timeline, results, total_latency_ms }: ExecuteResponse = response.json()
    if (!timeline) throw new Error('no timeline')
    expect(timeline.total_ms).toBe(total_latency_ms)
    const [a, b] = ['a', 'b'].map((id) => laneOf(timeline, id))
    expect(a?.spans).toMatchObject([{ kind: 'attempt', attempt: 1, model: CHAT, gpu: 1, outcome: 'ok', sent: true }])
    expect(a?.spans[0]?.from_ms).toBe(results[0]?.started_at_ms)
    expect(b?.ready_at_ms).toBe(a?.ended_at_ms)
    expect(b?.spans[0]?.from_ms).toBeGreaterThanOrEqual(a?.ended_at_ms ?? Number.NaN)
    expect(b?.ended_at_ms).toBeLessThanOrEqual(timeline.total_ms)
    expect(timeline.gpus.map(({ id, peak }) => [id, peak])).toEqual([
      [0, 1],
      [1, 1],
    ])
  })

  it('shows retries, pauses and the fallback on the other GPU', async () => {
    const service = await startService()
    await service.server(INSURANCE).refuse()
    const response = await post(service, 'discharge-summary?timeline=true', STAY)
    const { spans } = laneOf(response.json().timeline, 'billing_codes')
    const attempts = spans.filter(({ kind }) => kind === 'attempt')
    expect(attempts.at(-1)).toMatchObject({ model: MEDICAL_QA, gpu: 0, outcome: 'ok' })
    expect(attempts.slice(0, -1).map(({ outcome, gpu }) => [outcome, gpu])).toEqual(
      Array(attempts.length - 1).fill(['upstream_unreachable', 1]),
    )
    const pauses = spans.filter(({ kind }) => kind === 'back_off')
    expect(pauses.length).toBeGreaterThan(0)
    for (const pause of pauses) expect(attempts[pause.attempt - 1]?.to_ms).toBe(pause.from_ms)
  })

  it('shows who waited for a permit', async () => {
    const service = await startService({ simulator: { slots: 1, latencyMs: 300 } })
    const response = await post(service, 'execute?timeline=true', custom([{ task_id: 'a' }, { task_id: 'b' }]))
    const [wait, work] = laneOf(response.json().timeline, 'b').spans
    expect(wait).toMatchObject({ kind: 'queue', attempt: 1, model: CHAT, outcome: null, sent: false })
    expect(work?.from_ms).toBe(wait?.to_ms)
    expect(response.json().timeline.gpus).toMatchObject([{ id: 1, peak: 1 }])
  })

  it('stands in the run of a 502 and of a 504', async () => {
    const service = await startService()
    service.server(CHAT).setFaults(() => ({ kind: 'status', status: 400 }))
    const failed = (await post(service, 'execute?timeline=true', CHAIN)).json()
    expect(failed).toMatchObject({
      code: 'run_failed',
      run: { timeline: { tasks: [{ status: 'failed' }, { spans: [] }] } },
    })
    service.server(CHAT).setFaults(() => ({ kind: 'hang' }))
    const late = (await post(service, 'execute?timeline=true', { ...CHAIN, timeout_ms: 100 })).json()
    expect(late.code).toBe('run_timeout')
    expect(laneOf(late.run.timeline, 'a').spans[0]).toMatchObject({ kind: 'attempt', outcome: 'upstream_timeout' })
  })

  it.each(['execute', 'execute?timeline=false'])('is not there for %s', async (url) => {
    const service = await startService()
    expect((await post(service, url, CHAIN)).json()).not.toHaveProperty('timeline')
  })

  it.each([
    'execute?timeline=',
    'execute?timeline=1',
    'discharge-summary?timeline=TRUE',
    'execute?timeline=true&timeline=true',
  ])('is refused with 400 that names the field: %s', async (url) => {
    const service = await startService()
    const response = await post(service, url, url.startsWith('execute') ? CHAIN : STAY)
    expect(response.json()).toMatchObject({ status: 400, code: 'invalid_request', errors: [{ field: 'timeline' }] })
    expect(service.simulator.ledger.received).toBe(0)
  })

  it.each(['execute', 'discharge-summary'])('misspelt is refused by its name: %s', async (route) => {
    const service = await startService()
    const response = await post(service, `${route}?timelin=true`, route === 'execute' ? CHAIN : STAY)
    expect(response.json()).toMatchObject({ status: 400, code: 'invalid_request', errors: [{ field: 'timelin' }] })
    expect(service.simulator.ledger.received).toBe(0)
  })
})
