import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { niceStep, timeScale } from '../../../src/cli/time-scale.ts'
import { bar, timeline } from '../../../src/cli/timeline.ts'
import { emptyTrace, follow, type Span, settle, type Trace } from '../../../src/cli/trace.ts'
import type { RunEvent } from '../../../src/contract/events.ts'
import { queued, retried, started, succeeded, twoTasks } from './events.ts'

const play = (...events: RunEvent[]): Trace => events.reduce(follow, emptyTrace)

describe('a bar', () => {
  test('is as long as the work and stands where the work was', () => {
    expect(bar([{ kind: 'working', from: 250, to: 750 }], 1000, 20)).toBe('     ██████████     ')
  })

  test('shows waiting, failed attempts and work by different marks', () => {
    const spans: Span[] = [
      { kind: 'waiting', from: 0, to: 200 },
      { kind: 'retrying', from: 200, to: 500 },
      { kind: 'working', from: 500, to: 1000 },
    ]
    expect(bar(spans, 1000, 20)).toBe('····xxxxxx██████████')
  })

  test('shows work that is too short for a column, and no waiting of that kind', () => {
    expect(bar([{ kind: 'working', from: 999.9, to: 1000 }], 1000, 10)).toBe('         █')
    expect(bar([{ kind: 'waiting', from: 0, to: 1 }], 1000, 10)).toBe('          ')
  })

  test('never leaves its width, whatever the times', () => {
    const time = fc.double({ min: 0, max: 2000, noNaN: true })
    const kind = fc.constantFrom('waiting' as const, 'retrying' as const, 'working' as const)
    const span = fc.tuple(kind, time, time).map(([k, a, b]) => ({ kind: k, from: Math.min(a, b), to: Math.max(a, b) }))
    fc.assert(
      fc.property(fc.array(span, { maxLength: 6 }), time, fc.integer({ min: 1, max: 80 }), (spans, total, width) => {
        expect(bar(spans, total, width)).toHaveLength(width)
      }),
    )
  })
})

describe('the time scale', () => {
  test('puts round times at their places', () => {
    expect(timeScale(1000, 50)).toBe(
      `0${' '.repeat(9)}200${' '.repeat(7)}400${' '.repeat(7)}600${' '.repeat(7)}800${' '.repeat(7)}1,000 ms`,
    )
  })

  test('never runs two numbers into each other', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 5e6, noNaN: true }), fc.integer({ min: 20, max: 60 }), (total, width) => {
        const numbers = timeScale(total, width).replace(' ms', '').split(/\s+/)
        expect(numbers.map((text) => Number(text.replaceAll(',', '')))).toEqual(
          numbers.map((_, at) => at * stepOf(numbers)),
        )
      }),
    )
  })

  test('steps by whole 1, 2, 2.5 or 5 of a power of ten', () => {
    expect([0.7, 1, 1.1, 2.2, 6, 22, 130, 260].map(niceStep)).toEqual([1, 1, 2, 5, 10, 25, 200, 500])
  })
})

const stepOf = (numbers: readonly string[]): number => Number((numbers[1] ?? '0').replaceAll(',', ''))

describe('the timeline', () => {
  test('groups tasks by GPU, in real proportion, with time and model', () => {
    const trace = play(
      twoTasks,
      queued('clinical_summary', 0),
      queued('billing_codes', 0),
      started('clinical_summary', 0),
      started('billing_codes', 0),
      succeeded('billing_codes', 1000),
      succeeded('clinical_summary', 1100),
    )
    expect(timeline(trace, 1110, 100)).toEqual([
      'GPU 0',
      '  clinical_summary  |███████████████████████████████████████████|  1,100 ms  BioMistral-Clinical-7B',
      'GPU 1',
      '  billing_codes     |███████████████████████████████████████    |  1,000 ms  OpenInsurance-LLaMA3-8B',
      '                     0         250      500       750       1,000 ms',
      '  █ working   · waiting for a permit   x failed attempts and pauses',
    ])
  })

  test('says how long a task waited and retried, and which tasks did not succeed', () => {
    const trace = settle(
      play(
        twoTasks,
        queued('clinical_summary', 0),
        started('clinical_summary', 100),
        retried('clinical_summary', 300),
        started('clinical_summary', 400, { attempt: 2 }),
        succeeded('clinical_summary', 900, 500),
        {
          event: 'task.skipped',
          data: { task_id: 'billing_codes', code: 'dependency_failed', cause: 'clinical_summary', at_ms: 0 },
        },
      ),
      1000,
    )
    const lines = timeline(trace, 1000, 200)
    expect(lines[1]).toContain(`|${'·'.repeat(6)}${'x'.repeat(18)}${'█'.repeat(30)}${' '.repeat(6)}|`)
    expect(lines[1]).toContain('500 ms  BioMistral-Clinical-7B  waited 100 ms  retried 300 ms')
    expect(lines[3]).toContain('|  skipped  OpenInsurance-LLaMA3-8B')
  })

  test('shows a task under the GPU of the model that answered', () => {
    const fallback: RunEvent = {
      event: 'task.started',
      data: { task_id: 'billing_codes', attempt: 2, model: 'BiMediX2-8B', gpu: 0, at_ms: 50 },
    }
    const lines = timeline(
      play(twoTasks, queued('billing_codes', 0), fallback, succeeded('billing_codes', 90)),
      100,
      100,
    )
    expect(lines.filter((line) => line.startsWith('GPU'))).toEqual(['GPU 0'])
  })

  test('stays in its columns with names as long as they may be', () => {
    const id = 'a'.repeat(128)
    const run: RunEvent = {
      event: 'run.started',
      data: {
        run_id: 'r',
        workflow_type: 'custom',
        tasks: [{ task_id: id, agent_type: 'A', planned_model: 'm', gpu: 0, dependencies: [] }],
      },
    }
    for (const line of timeline(play(run), 1000, 100)) expect(line.length).toBeLessThanOrEqual(100)
  })

  test('of a run without tasks has no lines', () => {
    expect(timeline(emptyTrace, 0, 100)).toEqual([])
  })
})
