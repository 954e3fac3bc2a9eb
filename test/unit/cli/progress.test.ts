import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { eventLine } from '../../../src/cli/event-line.ts'
import { showProgress } from '../../../src/cli/progress.ts'
import { progressLines } from '../../../src/cli/progress-view.ts'
import type { Terminal } from '../../../src/cli/terminal.ts'
import { emptyTrace, follow } from '../../../src/cli/trace.ts'
import type { RunEvent } from '../../../src/contract/events.ts'
import { queued, retried, started, succeeded, twoTasks } from './events.ts'

const terminal = (liveColumns: number | null): { written: () => string; terminal: Terminal } => {
  let written = ''
  const err = (text: string) => {
    written += text
  }
  const paint = (_style: unknown, text: string) => text
  return { written: () => written, terminal: { out: err, err, paint, paintErr: paint, columns: null, liveColumns } }
}

/** The lines of events, one after the other. */
function linesOf(events: readonly RunEvent[]): (string | null)[] {
  let trace = emptyTrace
  return events.map((event) => {
    trace = follow(trace, event)
    return eventLine(event, trace)
  })
}

const RUN = [
  twoTasks,
  queued('clinical_summary', 0),
  started('clinical_summary', 2),
  retried('clinical_summary', 500),
  started('clinical_summary', 700, { attempt: 2 }),
  succeeded('clinical_summary', 1800, 1100),
]

describe('progress in a pipe', () => {
  test('is one line per thing that happened, with its time in the run', () => {
    expect(linesOf(RUN).filter((line) => line !== null)).toEqual([
      '      0 ms  run run-1: discharge_summary, 2 tasks',
      '    2.0 ms  clinical_summary is working on BioMistral-Clinical-7B (GPU 0)',
      '    500 ms  clinical_summary attempt 1 failed (upstream_error), trying again',
      '    700 ms  clinical_summary is working on BioMistral-Clinical-7B (GPU 0, attempt 2)',
      '  1,800 ms  clinical_summary succeeded in 1,100 ms',
    ])
  })

  test('says how tasks ended otherwise', () => {
    const events: RunEvent[] = [
      {
        event: 'task.failed',
        data: { task_id: 'a', code: 'upstream_timeout', message: 'm', discard: true, at_ms: 10 },
      },
      {
        event: 'task.skipped',
        data: { task_id: 'b', code: 'dependency_failed', cause: 'a', discard: true, at_ms: 10 },
      },
      { event: 'task.skipped', data: { task_id: 'd', code: 'cancelled', cause: null, discard: true, at_ms: 12 } },
      { event: 'task.succeeded', data: { task_id: 'c', model: 'm', latency_ms: 9, truncated: true, at_ms: 20 } },
      { event: 'run.measuring', data: { at_ms: 21 } },
    ]
    expect(linesOf(events)).toEqual([
      '     10 ms  a failed (upstream_timeout)',
      '     10 ms  b skipped (dependency_failed)',
      '     12 ms  d cancelled',
      '     20 ms  c succeeded in 9.0 ms, cut by the token limit',
      '     21 ms  every task succeeded; measuring them one at a time',
    ])
  })

  test('tells a second call from a retry, and that the first gave way to it', () => {
    const second = { attempt: 2, model: 'BiMediX2-8B', hedge: true }
    const events = [
      twoTasks,
      queued('clinical_summary', 0),
      started('clinical_summary', 2),
      started('clinical_summary', 802, second),
      retried('clinical_summary', 1500, 'cancelled'),
      succeeded('clinical_summary', 1500, 698, 'BiMediX2-8B'),
    ]
    expect(linesOf(events).slice(3)).toEqual([
      '    802 ms  clinical_summary is asked a second time beside attempt 1: BiMediX2-8B (GPU 0)',
      '  1,500 ms  clinical_summary attempt 1 gave way to the other call',
      '  1,500 ms  clinical_summary succeeded in 698 ms',
    ])
  })

  test('says of a first call that failed beside a second one no more than that', () => {
    const second = started('clinical_summary', 802, { attempt: 2, hedge: true })
    const events = [twoTasks, started('clinical_summary', 2), second, retried('clinical_summary', 900)]
    expect(linesOf(events).at(-1)).toBe('    900 ms  clinical_summary attempt 1 failed (upstream_error)')
  })

  test('says of a model that was left alone that it was not asked', () => {
    const events = [twoTasks, started('billing_codes', 2), retried('billing_codes', 3, 'breaker_open')]
    const why = 'OpenInsurance-LLaMA3-8B was not asked: left alone after repeated failures'
    expect(linesOf(events).at(-1)).toBe(`    3.0 ms  billing_codes: ${why}`)
    expect(progressLines(events.reduce(follow, emptyTrace), 10, 0, 120)[1]).toContain(why)
  })

  test('says that a task waits once it has waited for a second, and only of one that does', () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const { written, terminal: piped } = terminal(null)
    const progress = showProgress(piped)
    for (const event of [twoTasks, queued('clinical_summary', 0), queued('billing_codes', 5)]) progress.onEvent(event)
    progress.onEvent(started('clinical_summary', 900))
    vi.advanceTimersByTime(999)
    expect(written()).not.toContain('waits')
    vi.advanceTimersByTime(1)
    expect(written().trimEnd().split('\n').slice(2)).toEqual([
      '  1,005 ms  billing_codes waits for OpenInsurance-LLaMA3-8B (GPU 1)',
    ])
    progress.onEvent(queued('billing_codes', 1200))
    progress.end(1300)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('moves no cursor', () => {
    const { written, terminal: piped } = terminal(null)
    const progress = showProgress(piped)
    for (const event of RUN) progress.onEvent(event)
    expect(progress.end(1800).get('clinical_summary')?.state).toBe('succeeded')
    expect(written()).not.toContain('\u001b')
    expect(written().trimEnd().split('\n')).toHaveLength(5)
  })
})

describe('progress on a screen', () => {
  test('has one line per task that says what it does and since when', () => {
    const trace = RUN.slice(0, 3).reduce(follow, emptyTrace)
    expect(progressLines(trace, 802, 0, 80)).toEqual([
      '⠋ clinical_summary  working 0.8 s on BioMistral-Clinical-7B (GPU 0)',
      '· billing_codes     about to start',
    ])
  })

  test('shows both calls of a task while they are in flight, then the one that answered', () => {
    const second = { attempt: 2, model: 'OpenInsurance-LLaMA3-8B', gpu: 1, hedge: true }
    const both = [...RUN.slice(0, 3), started('clinical_summary', 800, second)].reduce(follow, emptyTrace)
    expect(progressLines(both, 902, 0, 200)[0]).toContain(
      'working 0.9 s on BioMistral-Clinical-7B (GPU 0), and a second call on OpenInsurance-LLaMA3-8B (GPU 1)',
    )
    const won = [retried('clinical_summary', 950, 'cancelled'), succeeded('clinical_summary', 950, 150, second.model)]
    expect(progressLines(won.reduce(follow, both), 960, 0, 200)[0]).toContain('on OpenInsurance-LLaMA3-8B (GPU 1)')
    const lost = [retried('clinical_summary', 960, 'cancelled', 2), succeeded('clinical_summary', 960)]
    expect(progressLines(lost.reduce(follow, both), 960, 0, 200)[0]).toContain('on BioMistral-Clinical-7B (GPU 0)')
  })

  test('never writes a line wider than the screen, which would break redrawing', () => {
    for (const line of progressLines(RUN.reduce(follow, emptyTrace), 0, 0, 30)) expect(line.length).toBeLessThan(30)
  })

  test('redraws its lines in place', () => {
    const { written, terminal: live } = terminal(80)
    const progress = showProgress(live)
    for (const event of RUN) progress.onEvent(event)
    progress.end(1800)
    expect(written()).toContain('\u001b[2A')
    expect(written()).toContain('✓ clinical_summary  done after 1,800 ms')
    expect(written()).toContain('– billing_codes     cancelled')
  })

  test('adds a line while the tasks run once more', () => {
    const { written, terminal: live } = terminal(80)
    const progress = showProgress(live)
    for (const event of [...RUN, { event: 'run.measuring', data: { at_ms: 1800 } } as RunEvent]) progress.onEvent(event)
    progress.end(1800)
    expect(written()).toContain('  measuring them one at a time: 0.')
  })

  test('falls back to one line per event for a plan too long to redraw', () => {
    const tasks = Array.from({ length: 21 }, (_, at) => ({
      task_id: `t${at}`,
      agent_type: 'A',
      planned_model: 'm',
      gpu: 0,
      dependencies: [],
    }))
    const { written, terminal: live } = terminal(80)
    const progress = showProgress(live)
    progress.onEvent({ event: 'run.started', data: { run_id: 'r', workflow_type: 'custom', tasks } })
    progress.end(null)
    expect(written()).toBe('      0 ms  run r: custom, 21 tasks\n')
  })
})
