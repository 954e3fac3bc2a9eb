import { describe, expect, it, vi } from 'vitest'
import type { Model } from '../../../src/models/port.ts'
import { AttemptLog } from '../../../src/run/attempt-log.ts'
import { completion, failure } from '../../helpers/fake-port.ts'
import { withFakeTime } from '../../helpers/fake-time.ts'

const model = (id: string, gpu = 0): Model => ({
  id,
  url: `http://127.0.0.1:1/${id}/v1`,
  gpu,
  slots: 1,
  context_window: null,
  served_model: id,
  api_key: 'secret',
})
const ONE = model('one')
const TWO = model('two', 1)

/** A log of a run that began 1 s ago, and the time since then. */
function begun() {
  const t0 = performance.now()
  vi.advanceTimersByTime(1000)
  return { log: new AttemptLog(t0), now: () => performance.now() }
}

withFakeTime()

describe('the record of an attempt', () => {
  it('says when it was asked for, sent and ended since the start of the run, and never a key', () => {
    const { log, now } = begun()
    const asked = now()
    vi.advanceTimersByTime(20)
    const record = log.sent(TWO, asked, now(), true)
    vi.advanceTimersByTime(300)
    log.ended(record, completion({ latency_ms: 299 }))
    expect(record).toEqual({
      model: 'two',
      url: TWO.url,
      gpu: 1,
      outcome: 'ok',
      latency_ms: 299,
      asked_at_ms: 1000,
      started_at_ms: 1020,
      ended_at_ms: 1320,
      hedge: true,
    })
  })

  it('is cancelled until something else is known', () => {
    const { log, now } = begun()
    expect(log.sent(ONE, now(), now(), false).outcome).toBe('cancelled')
  })

  it.each(['breaker_open', 'context_overflow', 'cancelled', 'upstream_timeout'] as const)(
    'has no start when nothing was sent: %s',
    (code) => {
      const { log, now } = begun()
      const record = log.sent(ONE, now(), now(), false)
      log.ended(record, failure(code, { latency_ms: 0 }))
      expect([record.outcome, record.started_at_ms, log.failed(code).started_at_ms]).toEqual([code, null, null])
    },
  )

  it.each(['context_overflow', 'cancelled', 'upstream_timeout'] as const)(
    'has a start when the server was asked: %s',
    (code) => {
      const { log, now } = begun()
      const record = log.sent(ONE, now(), now(), false)
      log.ended(record, failure(code, { latency_ms: 3 }))
      expect([record.outcome, record.started_at_ms]).toEqual([code, 1000])
    },
  )

  it('has none either of a fallback whose lane was full; that is not the model last asked', () => {
    const { log, now } = begun()
    log.ended(log.sent(ONE, now(), now(), false), failure('upstream_error'))
    log.turnedAway(TWO, 'queue_full')
    expect([log.count, log.lastOutcome]).toEqual([2, 'queue_full'])
    const outcome = log.failed('queue_full')
    expect(outcome.attempts[1]).toMatchObject({ model: 'two', started_at_ms: null, latency_ms: 0 })
    expect([outcome.model, outcome.started_at_ms]).toEqual(['one', 1000])
  })
})

describe('the outcome of a task', () => {
  it('is that of the attempt that decides, not of the one sent last', () => {
    const { log, now } = begun()
    const first = log.sent(ONE, now(), now(), false)
    vi.advanceTimersByTime(100)
    const second = log.sent(TWO, now(), now(), true)
    const answer = completion({ content: 'mine', latency_ms: 150, first_token_ms: 12 })
    vi.advanceTimersByTime(50)
    log.ended(first, answer)
    log.ended(second, failure('cancelled', { latency_ms: 50 }))
    log.decide(ONE, answer)
    expect(log.succeeded(answer)).toMatchObject({
      status: 'succeeded',
      content: 'mine',
      model: 'one',
      backend: ONE.url,
      gpu: 0,
      latency_ms: 150,
      first_token_ms: 12,
      started_at_ms: 1000,
      ended_at_ms: 1150,
      attempts: [{ outcome: 'ok' }, { outcome: 'cancelled' }],
    })
  })

  it('is empty of one that never had a turn', () => {
    const { log } = begun()
    expect(log.lastOutcome).toBe(null)
    expect(log.cancelled('The caller left.')).toMatchObject({
      status: 'cancelled',
      error: { code: 'cancelled', message: 'The caller left.' },
      model: null,
      backend: null,
      gpu: null,
      latency_ms: 0,
      started_at_ms: null,
      ended_at_ms: 1000,
      attempts: [],
    })
  })

  it('carries the words of the failure, or those of its code, and what waiting and retrying cost', () => {
    const { log } = begun()
    log.queue_ms += 5
    log.retry_ms += 7
    expect(log.failed('rate_limited', { message: 'Slow down.' })).toMatchObject({
      status: 'failed',
      content: null,
      error: { code: 'rate_limited', message: 'Slow down.' },
      queue_ms: 5,
      retry_ms: 7,
    })
    expect(log.failed('queue_full').error?.message).toBe("The queue of the model's lane is full.")
  })
})
