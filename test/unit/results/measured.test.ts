import { describe, expect, test } from 'vitest'
import { measuredOf } from '../../../src/results/measured.ts'
import { failed, outcome } from './fixtures.ts'

const took = (latency_ms: number, fields = {}) => outcome({ latency_ms, ...fields })
const NOTHING = { sequential_time_ms: null, speedup_factor: null, complete: false }

describe('what a plan took one task at a time', () => {
  test('is the sum of its calls over the wall time of the parallel run', () => {
    expect(measuredOf([took(500.12345), took(400)], 600, null)).toEqual({
      sequential_time_ms: 900.123,
      speedup_factor: 1.5002,
      complete: true,
      reason: null,
    })
  })

  test('leaves out what others cause: waiting for permits, and retries', () => {
    const pass = [took(500, { queue_ms: 9000, retry_ms: 800, ended_at_ms: 10_300 })]
    expect(measuredOf(pass, 500, null)).toMatchObject({ sequential_time_ms: 500, speedup_factor: 1 })
  })

  test('stands although the time ended right after it', () => {
    expect(measuredOf([took(500)], 500, 'run_timeout')).toMatchObject({ complete: true, reason: null })
  })

  test.each([
    ['the plan was not run again', null, null, 'run_not_whole'],
    ['a task failed', [took(5), failed()], null, 'pass_not_whole'],
    ['an answer was cut', [took(5), took(5, { truncated: true })], null, 'pass_not_whole'],
    ['an answer was empty', [took(5, { content: ' ' })], null, 'pass_not_whole'],
    ['the time was over on the way', [took(5), failed('cancelled')], 'run_timeout', 'run_timeout'],
    ['it was given up', [failed('cancelled')], 'cancelled', 'cancelled'],
  ] as const)('is no number when %s', (_, pass, stopped, reason) => {
    expect(measuredOf(pass, 100, stopped)).toEqual({ ...NOTHING, reason })
  })
})
