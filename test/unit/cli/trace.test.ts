import { describe, expect, test } from 'vitest'
import { emptyTrace, follow, settle, type Trace } from '../../../src/cli/trace.ts'
import type { RunEvent } from '../../../src/contract/events.ts'
import { queued, retried, started, succeeded, twoTasks } from './events.ts'

const play = (...events: RunEvent[]): Trace => events.reduce(follow, emptyTrace)
const first = (trace: Trace) => trace.get('clinical_summary')

describe('the trace of a run', () => {
  test('knows every task before any has begun', () => {
    const trace = play(twoTasks)
    expect([...trace.keys()]).toEqual(['clinical_summary', 'billing_codes'])
    expect(first(trace)).toMatchObject({ state: 'pending', model: 'BioMistral-Clinical-7B', gpu: 0, spans: [] })
  })

  test('tells waiting for a permit from working', () => {
    const trace = play(
      twoTasks,
      queued('clinical_summary', 0),
      started('clinical_summary', 300),
      succeeded('clinical_summary', 1400),
    )
    expect(first(trace)?.spans).toEqual([
      { kind: 'waiting', from: 0, to: 300 },
      { kind: 'working', from: 300, to: 1400 },
    ])
  })

  test('counts an attempt that failed, and the pause after it, as retrying', () => {
    const trace = play(
      twoTasks,
      queued('clinical_summary', 0),
      started('clinical_summary', 0),
      retried('clinical_summary', 200),
      started('clinical_summary', 450, { attempt: 2, model: 'BiMediX2-8B' }),
      succeeded('clinical_summary', 1450),
    )
    expect(first(trace)).toMatchObject({ attempts: 2, model: 'BiMediX2-8B', state: 'succeeded' })
    expect(first(trace)?.spans).toEqual([
      { kind: 'retrying', from: 0, to: 200 },
      { kind: 'retrying', from: 200, to: 450 },
      { kind: 'working', from: 450, to: 1450 },
    ])
  })

  test('never shows the last attempt of a failed task as work', () => {
    const failed: RunEvent = {
      event: 'task.failed',
      data: { task_id: 'clinical_summary', code: 'upstream_error', message: 'm', at_ms: 90 },
    }
    const trace = play(twoTasks, queued('clinical_summary', 0), started('clinical_summary', 10), failed)
    expect(first(trace)).toMatchObject({ state: 'failed', code: 'upstream_error' })
    expect(first(trace)?.spans.map(({ kind }) => kind)).toEqual(['waiting', 'retrying'])
  })

  test('names what a skipped task depended on', () => {
    const skipped: RunEvent = {
      event: 'task.skipped',
      data: { task_id: 'billing_codes', code: 'dependency_failed', cause: 'clinical_summary', at_ms: 5 },
    }
    expect(play(twoTasks, skipped).get('billing_codes')).toMatchObject({
      state: 'skipped',
      cause: 'clinical_summary',
      spans: [],
    })
  })

  test('ends what was still open as cancelled when it settles', () => {
    const trace = settle(play(twoTasks, queued('clinical_summary', 0), started('clinical_summary', 100)), 500)
    expect(first(trace)).toMatchObject({ state: 'cancelled' })
    expect(first(trace)?.spans.at(-1)).toEqual({ kind: 'retrying', from: 100, to: 500 })
    expect(trace.get('billing_codes')).toMatchObject({ state: 'cancelled', spans: [] })
  })

  test('ignores text as it comes in, and tasks that were never announced', () => {
    const trace = play(twoTasks)
    const delta: RunEvent = { event: 'task.delta', data: { task_id: 'billing_codes', attempt: 1, delta: 'text' } }
    expect(follow(trace, delta)).toBe(trace)
    expect(follow(trace, queued('unknown', 3))).toBe(trace)
  })
})
