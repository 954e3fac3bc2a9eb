import { describe, expect, test } from 'vitest'
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
    expect(RUN.map(eventLine).filter((line) => line !== null)).toEqual([
      '      0 ms  run run-1: discharge_summary, 2 tasks',
      '    2.0 ms  clinical_summary is working on BioMistral-Clinical-7B (GPU 0)',
      '    500 ms  clinical_summary attempt 1 failed (upstream_error), trying again',
      '    700 ms  clinical_summary is working on BioMistral-Clinical-7B (GPU 0, attempt 2)',
      '  1,800 ms  clinical_summary succeeded in 1,100 ms',
    ])
  })

  test('says how tasks ended otherwise', () => {
    const events: RunEvent[] = [
      { event: 'task.failed', data: { task_id: 'a', code: 'upstream_timeout', message: 'm', at_ms: 10 } },
      { event: 'task.skipped', data: { task_id: 'b', code: 'dependency_failed', cause: 'a', at_ms: 10 } },
      { event: 'task.succeeded', data: { task_id: 'c', model: 'm', latency_ms: 9, truncated: true, at_ms: 20 } },
    ]
    expect(events.map(eventLine)).toEqual([
      '     10 ms  a failed (upstream_timeout)',
      '     10 ms  b skipped (dependency_failed)',
      '     20 ms  c succeeded in 9.0 ms, cut by the token limit',
    ])
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
