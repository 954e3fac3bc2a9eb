import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Outcome } from '../../../src/contract/outcome.ts'
import { timelineOf } from '../../../src/results/timeline.ts'
import { attempt, failed, outcome, planOf, skipped } from './fixtures.ts'

const ONE = planOf([{ task_id: 'a' }])
const CHAIN = planOf([{ task_id: 'a' }, { task_id: 'b', dependencies: ['a'] }])

/** A call from sending to its end; it may have been asked for before. */
const call = (from: number, to: number, own: Parameters<typeof attempt>[0] = {}) =>
  attempt({ asked_at_ms: from, started_at_ms: from, ended_at_ms: to, latency_ms: to - from, ...own })
const drawn = (one: Outcome, total = 1000) => timelineOf(ONE, [one], total).tasks[0]?.spans ?? []
const short = (one: Outcome) =>
  drawn(one).map(({ kind, attempt: nth, from_ms, to_ms, outcome: end }) => [kind, nth, from_ms, to_ms, end])

describe('the lane of a task', () => {
  test('is one call, where it was, when nothing came between', () => {
    expect(drawn(outcome({ ended_at_ms: 100, attempts: [call(0.02, 100)] }))).toEqual([
      {
        kind: 'attempt',
        attempt: 1,
        model: 'BioMistral-Clinical-7B',
        gpu: 0,
        from_ms: 0.02,
        to_ms: 100,
        outcome: 'ok',
        sent: true,
        hedge: false,
      },
    ])
  })

  test('shows the wait for a permit, a failed attempt, the pause after it, and the fallback', () => {
    const attempts = [
      call(50, 80, { asked_at_ms: 10, outcome: 'upstream_error' }),
      call(100, 120, { outcome: 'upstream_error' }),
      call(150, 220, { model: 'BiMediX2-8B', gpu: 1, asked_at_ms: 122 }),
    ]
    expect(short(outcome({ queue_ms: 68, ended_at_ms: 220, attempts }))).toEqual([
      ['queue', 1, 10, 50, null],
      ['attempt', 1, 50, 80, 'upstream_error'],
      ['back_off', 1, 80, 100, null],
      ['attempt', 2, 100, 120, 'upstream_error'],
      ['queue', 3, 122, 150, null],
      ['attempt', 3, 150, 220, 'ok'],
    ])
  })

  test('never calls it waiting when a free permit took long to ask for', () => {
    const attempts = [call(5, 80, { asked_at_ms: 0 })]
    expect(short(outcome({ queue_ms: 0, ended_at_ms: 80, attempts }))).toEqual([['attempt', 1, 5, 80, 'ok']])
  })

  test('shows an attempt that was not sent as such, without work', () => {
    const open = call(40, 40, { started_at_ms: null, asked_at_ms: 10, outcome: 'breaker_open', latency_ms: 0 })
    const [wait, turned] = drawn(failed('breaker_open', { queue_ms: 30, ended_at_ms: 40, attempts: [open] }))
    expect(wait).toMatchObject({ kind: 'queue', from_ms: 10, to_ms: 40 })
    expect(turned).toMatchObject({ kind: 'attempt', from_ms: 40, to_ms: 40, outcome: 'breaker_open', sent: false })
    expect(timelineOf(ONE, [failed('breaker_open', { attempts: [open] })], 50).gpus).toEqual([])
  })

  test('shows a hedge beside the first call, with no pause between them', () => {
    const attempts = [call(0, 90, { outcome: 'cancelled' }), call(60, 90, { hedge: true, gpu: 1 })]
    expect(short(outcome({ ended_at_ms: 90, attempts }))).toEqual([
      ['attempt', 1, 0, 90, 'cancelled'],
      ['attempt', 2, 60, 90, 'ok'],
    ])
  })

  test('shows the pause after two calls side by side, and numbers what comes after both', () => {
    const both = [
      call(0, 90, { outcome: 'upstream_error' }),
      call(60, 120, { outcome: 'rate_limited', hedge: true, model: 'BiMediX2-8B', gpu: 1 }),
    ]
    const again = call(150, 200)
    expect(short(outcome({ ended_at_ms: 200, attempts: [...both, again] })).slice(2)).toEqual([
      ['back_off', 1, 120, 150, null],
      ['attempt', 3, 150, 200, 'ok'],
    ])
    expect(short(failed('task_timeout', { queue_ms: 70, ended_at_ms: 220, attempts: both })).slice(2)).toEqual([
      ['back_off', 1, 120, 150, null],
      ['queue', 3, 150, 220, 'task_timeout'],
    ])
  })

  test('of a task whose time ended in the queue shows that wait, in the lane that it was planned for', () => {
    const [wait, ...more] = drawn(failed('task_timeout', { queue_ms: 500, ended_at_ms: 501, attempts: [] }))
    expect(wait).toMatchObject({
      kind: 'queue',
      model: 'BioMistral-Clinical-7B',
      from_ms: 1,
      to_ms: 501,
      outcome: 'task_timeout',
      sent: false,
    })
    expect(more).toEqual([])
  })

  test('of a task given up in the queue after an attempt names no model for that wait', () => {
    const attempts = [call(0, 100, { outcome: 'upstream_error' })]
    const spans = drawn(failed('task_timeout', { queue_ms: 300, ended_at_ms: 450, attempts }))
    expect(spans.slice(1)).toMatchObject([
      { kind: 'back_off', attempt: 1, from_ms: 100, to_ms: 150, outcome: null },
      { kind: 'queue', attempt: 2, model: null, gpu: null, from_ms: 150, to_ms: 450, outcome: 'task_timeout' },
    ])
  })

  test('of a task cancelled in a pause ends with that pause', () => {
    const attempts = [call(0, 100, { outcome: 'upstream_error' })]
    expect(short(failed('cancelled', { status: 'cancelled', ended_at_ms: 160, attempts })).at(-1)).toEqual([
      'back_off',
      1,
      100,
      160,
      'cancelled',
    ])
  })

  test('begins when the dependency has ended; a skipped task never becomes ready and has no span', () => {
    const first = outcome({ ended_at_ms: 100, attempts: [call(0, 100)] })
    const second = outcome({ ended_at_ms: 180, attempts: [call(100.01, 180)] })
    const [a, b] = timelineOf(CHAIN, [first, second], 181).tasks
    expect([a?.ready_at_ms, b?.ready_at_ms, b?.ended_at_ms]).toEqual([0, 100, 180])
    const [, c] = timelineOf(CHAIN, [failed(), skipped('a')], 101).tasks
    expect(c).toMatchObject({ status: 'skipped', ready_at_ms: null, spans: [] })
  })
})

describe('the load of a GPU', () => {
  test('counts time with several calls once, and calls that follow each other as one at a time', () => {
    const plan = planOf(['a', 'b', 'c', 'd'].map((task_id) => ({ task_id })))
    const of = (from: number, to: number, gpu: number) =>
      outcome({ gpu, ended_at_ms: to, attempts: [call(from, to, { gpu })] })
    const outcomes = [of(0, 100, 1), of(50, 120, 1), of(200, 230, 1), of(230, 240, 0)]
    expect(timelineOf(plan, outcomes, 240).gpus).toEqual([
      { id: 0, busy_ms: 10, peak: 1 },
      { id: 1, busy_ms: 150, peak: 2 },
    ])
  })
})

test('for any attempts: spans of a task follow each other without overlap and lie within it, and busy never passes the sum', () => {
  const step = fc.record({
    pause: fc.integer({ max: 50, min: 0 }),
    wait: fc.integer({ max: 50, min: 0 }),
    work: fc.nat(90),
  })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), fc.boolean(), (steps, succeeded) => {
      let at = 0
      const attempts = steps.map(({ pause, wait, work }, index) => {
        const asked_at_ms = index === 0 ? at : at + pause
        const from = asked_at_ms + wait
        at = from + work
        const last = succeeded && index === steps.length - 1
        return call(from, at, { asked_at_ms, outcome: last ? 'ok' : 'upstream_error' })
      })
      const queue_ms = steps.reduce((sum, { wait }) => sum + wait, 0)
      const shape = { queue_ms, ended_at_ms: at, attempts }
      const { tasks, gpus } = timelineOf(ONE, [succeeded ? outcome(shape) : failed('upstream_error', shape)], at)
      const spans = tasks[0]?.spans ?? []
      let end = 0
      for (const { from_ms, to_ms } of spans) {
        expect(from_ms).toBe(end)
        end = to_ms
      }
      expect(end).toBe(at)
      const lengths = (kind: string) =>
        spans.reduce((sum, span) => sum + (span.kind === kind ? span.to_ms - span.from_ms : 0), 0)
      expect(lengths('queue')).toBe(queue_ms)
      expect(gpus[0]?.busy_ms).toBe(lengths('attempt'))
    }),
  )
})
