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
    expect(first(trace)).toMatchObject({ state: 'pending', model: 'BioMistral-Clinical-7B', gpu: 0 })
  })

  test('tells waiting for a permit from working, and since when', () => {
    const waiting = play(twoTasks, queued('clinical_summary', 5))
    expect(first(waiting)).toMatchObject({ state: 'waiting', since_ms: 5 })
    expect(first(follow(waiting, started('clinical_summary', 300)))).toMatchObject({ state: 'working', since_ms: 300 })
  })

  test('follows a task to its next attempt on another model', () => {
    const failedOnce = play(
      twoTasks,
      queued('clinical_summary', 0),
      started('clinical_summary', 0),
      retried('clinical_summary', 200),
    )
    expect(first(failedOnce)).toMatchObject({ state: 'retrying', since_ms: 200, attempt: 1 })
    const again = started('clinical_summary', 450, { attempt: 2, model: 'BiMediX2-8B' })
    expect(first([again, succeeded('clinical_summary', 1450)].reduce(follow, failedOnce))).toMatchObject({
      attempt: 2,
      model: 'BiMediX2-8B',
      state: 'succeeded',
    })
  })

  test('keeps why a task failed', () => {
    const failed: RunEvent = {
      event: 'task.failed',
      data: { task_id: 'clinical_summary', code: 'upstream_error', message: 'm', discard: true, at_ms: 90 },
    }
    expect(first(play(twoTasks, queued('clinical_summary', 0), started('clinical_summary', 10), failed))).toMatchObject(
      {
        state: 'failed',
        code: 'upstream_error',
      },
    )
  })

  test('names what a skipped task depended on', () => {
    const skipped: RunEvent = {
      event: 'task.skipped',
      data: { task_id: 'billing_codes', code: 'dependency_failed', cause: 'clinical_summary', discard: true, at_ms: 5 },
    }
    expect(play(twoTasks, skipped).get('billing_codes')).toMatchObject({
      state: 'skipped',
      cause: 'clinical_summary',
    })
  })

  test('ends what was still open as cancelled when it settles', () => {
    const trace = settle(play(twoTasks, queued('clinical_summary', 0), started('clinical_summary', 100)), 500)
    expect(first(trace)).toMatchObject({ state: 'cancelled' })
    expect(trace.get('billing_codes')).toMatchObject({ state: 'cancelled', since_ms: 500 })
  })

  test('ignores text as it comes in, and tasks that were never announced', () => {
    const trace = play(twoTasks)
    const delta: RunEvent = { event: 'task.delta', data: { task_id: 'billing_codes', attempt: 1, delta: 'text' } }
    expect(follow(trace, delta)).toBe(trace)
    expect(follow(trace, queued('unknown', 3))).toBe(trace)
    expect(follow(trace, { event: 'run.measuring', data: { at_ms: 9 } })).toBe(trace)
  })
})
