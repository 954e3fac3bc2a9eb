import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gpuBar, taskBar } from '../../../src/cli/bars.ts'
import { niceStep, timeScale } from '../../../src/cli/time-scale.ts'
import { timelineLines } from '../../../src/cli/timeline.ts'
import type { Timeline, TimelineSpan, TimelineTask } from '../../../src/contract/timeline.ts'

const span = (from_ms: number, to_ms: number, own: Partial<TimelineSpan> = {}): TimelineSpan => ({
  kind: 'attempt',
  attempt: 1,
  model: 'BioMistral-Clinical-7B',
  gpu: 0,
  from_ms,
  to_ms,
  outcome: 'ok',
  sent: true,
  hedge: false,
  ...own,
})
const idle = (kind: 'queue' | 'back_off', from_ms: number, to_ms: number): TimelineSpan =>
  span(from_ms, to_ms, { kind, outcome: null, sent: false })
const failed = { outcome: 'upstream_error' }

const lane = (task_id: string, spans: TimelineSpan[], own: Partial<TimelineTask> = {}): TimelineTask => ({
  task_id,
  agent_type: 'Clinical',
  status: 'succeeded',
  ready_at_ms: 0,
  ended_at_ms: spans.at(-1)?.to_ms ?? 0,
  spans,
  ...own,
})

describe('the bar of a task', () => {
  test('is as long as the work and stands where the work was', () => {
    expect(taskBar([span(250, 750)], 1000, 20)).toBe('     ██████████     ')
  })

  test('shows waiting, failed attempts, pauses and work by different marks', () => {
    const spans = [idle('queue', 0, 200), span(200, 400, failed), idle('back_off', 400, 500), span(500, 1000)]
    expect(taskBar(spans, 1000, 20)).toBe('····xxxx~~██████████')
  })

  test('shows a call that is too short for a column, and no waiting of that kind', () => {
    expect(taskBar([span(999.9, 1000)], 1000, 10)).toBe('         █')
    expect(taskBar([idle('queue', 0, 1)], 1000, 10)).toBe('          ')
  })

  test('shows both calls where a second one went beside the first, whichever answered', () => {
    const cut = { outcome: 'cancelled' }
    expect(taskBar([span(0, 900, cut), span(500, 900, { hedge: true })], 1000, 10)).toBe('░░░░░▓▓▓▓ ')
    expect(taskBar([span(0, 900), span(500, 900, { hedge: true, ...cut })], 1000, 10)).toBe('█████▓▓▓▓ ')
  })

  test('shows a call that was cut without any answer as one that came to nothing', () => {
    expect(taskBar([span(0, 900, { outcome: 'cancelled' })], 1000, 10)).toBe('xxxxxxxxx ')
  })
})

describe('the bar of a GPU', () => {
  test('counts the calls in flight, and never two that followed each other', () => {
    expect(gpuBar([span(0, 500), span(200, 1000)], 1000, 10)).toBe('1122211111')
    expect(gpuBar([span(0, 550), span(550, 1000)], 1000, 10)).toBe('1111111111')
  })

  test('shows a call that falls between the middles of columns', () => {
    expect(gpuBar([span(110, 120)], 1000, 10)).toBe(' 1        ')
  })

  test('has one mark for more than nine', () => {
    expect(gpuBar(Array(12).fill(span(0, 1000)), 1000, 3)).toBe('+++')
  })
})

test('no bar ever leaves its width, whatever the times', () => {
  const time = fc.double({ min: 0, max: 2000, noNaN: true })
  const kind = fc.constantFrom('queue' as const, 'back_off' as const, 'attempt' as const)
  const any = fc.tuple(kind, time, time).map(([k, a, b]) => span(Math.min(a, b), Math.max(a, b), { kind: k }))
  fc.assert(
    fc.property(fc.array(any, { maxLength: 6 }), time, fc.integer({ min: 1, max: 80 }), (spans, total, width) => {
      expect([taskBar(spans, total, width).length, gpuBar(spans, total, width).length]).toEqual([width, width])
    }),
  )
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
  const billing = { model: 'OpenInsurance-LLaMA3-8B', gpu: 1 }

  test('has a bar per task and per GPU in real proportion, with time, model and load', () => {
    const timeline: Timeline = {
      total_ms: 1110,
      tasks: [lane('clinical_summary', [span(0, 1100)]), lane('billing_codes', [span(0, 1000, billing)])],
      gpus: [
        { id: 0, busy_ms: 1100, peak: 1 },
        { id: 1, busy_ms: 1000, peak: 1 },
      ],
    }
    expect(timelineLines(timeline, 100)).toEqual([
      '  clinical_summary  |███████████████████████████████████|  1,100 ms  BioMistral-Clinical-7B (GPU 0)',
      '  billing_codes     |████████████████████████████████   |  1,000 ms  OpenInsurance-LLaMA3-8B (GPU 1)',
      '  GPU 0             |11111111111111111111111111111111111|  busy 1,100 ms, at most 1 call at once',
      '  GPU 1             |11111111111111111111111111111111   |  busy 1,000 ms, at most 1 call at once',
      '                     0               500             1,000 ms',
      '  █ working   1-9 calls in flight',
    ])
  })

  test('says what a task waited and retried, and who answered in the end', () => {
    const spans = [
      idle('queue', 0, 100),
      span(100, 300, failed),
      idle('back_off', 300, 400),
      span(400, 900, { ...billing, attempt: 2 }),
    ]
    const lines = timelineLines({ total_ms: 1000, tasks: [lane('a', spans)], gpus: [] }, 200)
    expect(lines[0]).toContain(`|${'·'.repeat(6)}${'x'.repeat(12)}${'~'.repeat(6)}${'█'.repeat(30)}${' '.repeat(6)}|`)
    expect(lines[0]).toContain('500 ms  OpenInsurance-LLaMA3-8B (GPU 1, attempt 2)  waited 100 ms  retried 300 ms')
    expect(lines.at(-1)).toBe(
      '  █ working   · waiting for a permit   x attempt that came to nothing   ~ pause before the next',
    )
  })

  test('never calls a second call that answered a retry', () => {
    const spans = [span(0, 900, { outcome: 'cancelled' }), span(500, 900, { ...billing, attempt: 2, hedge: true })]
    const lines = timelineLines({ total_ms: 1000, tasks: [lane('a', spans)], gpus: [] }, 200)
    expect(lines[0]).toMatch(/400 ms {2}OpenInsurance-LLaMA3-8B \(GPU 1, second call\) {2}sent after 500 ms$/)
    expect(lines.at(-1)).toBe('  ░ call that gave way to another   ▓ two calls side by side')
  })

  test('says how tasks ended that did not succeed', () => {
    const tasks = [
      lane('a', [span(0, 90, failed)], { status: 'failed' }),
      lane('b', [], { status: 'skipped', ready_at_ms: null, ended_at_ms: 90 }),
    ]
    const [a, b] = timelineLines({ total_ms: 100, tasks, gpus: [] }, 100)
    expect(a).toMatch(/\|x+ +\| {2}failed {2}BioMistral-Clinical-7B \(GPU 0\) {2}tried 90 ms$/)
    expect(b).toMatch(/\| +\| {2}skipped$/)
  })

  test('stays in its columns with names as long as they may be', () => {
    const tasks = [lane('a'.repeat(128), [span(0, 1000, { model: 'm'.repeat(128) })])]
    for (const line of timelineLines({ total_ms: 1000, tasks, gpus: [] }, 130))
      expect(line.length).toBeLessThanOrEqual(130)
  })

  test('of a run without tasks has no lines', () => {
    expect(timelineLines({ total_ms: 0, tasks: [], gpus: [] }, 100)).toEqual([])
  })
})
