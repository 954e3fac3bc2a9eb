import { describe, expect, it } from 'vitest'
import { TASK_ERRORS } from '../../../src/errors.ts'
import { failure, failureOfFault, failureOfStatus } from '../../../src/models/failure.ts'

const ofStatus = (status: number, types: unknown[] = [], retryAfterMs: number | null = null) =>
  failureOfStatus(status, 5, retryAfterMs, types)

describe('a status other than 200', () => {
  it.each<[number, string, boolean]>([
    [429, 'rate_limited', true],
    [500, 'upstream_error', true],
    [502, 'upstream_error', true],
    [503, 'upstream_error', true],
    [504, 'upstream_error', true],
    [400, 'upstream_rejected', false],
    [401, 'upstream_rejected', false],
    [404, 'upstream_rejected', false],
    [408, 'upstream_rejected', false],
    [422, 'upstream_rejected', false],
    [302, 'upstream_rejected', false],
    [307, 'upstream_rejected', false],
    [201, 'bad_upstream_response', false],
    [204, 'bad_upstream_response', false],
  ])('%i is %s; worth asking again: %s', (status, code, transient) => {
    expect(ofStatus(status)).toMatchObject({ ok: false, code, transient, latency_ms: 5 })
  })

  it.each([401, 403, 404])('%i is told as a configuration error with the setting to check', (status) => {
    expect(ofStatus(status).message).toMatch(/^Configuration error: .*(MODEL_API_KEYS|served_model)/)
  })

  it.each<[number, string]>([
    [500, 'an internal error (status 500)'],
    [502, 'no usable answer from it (status 502)'],
    [503, 'overloaded, loading its model or restarting (status 503)'],
    [504, 'no answer from it in time (status 504)'],
    [529, 'could not answer (status 529)'],
  ])('%i is told as what it says, and no other than 500 as an internal error', (status, words) => {
    const { message } = ofStatus(status)
    expect(message.endsWith(`${words}.`)).toBe(true)
    expect(message.includes('internal error')).toBe(status === 500)
  })

  it.each([[['exceed_context_size_error']], [['invalid_request_error', 'context_length_exceeded']]])(
    '400 of type %j is a context_overflow',
    (types) => {
      expect(ofStatus(400, types).code).toBe('context_overflow')
    },
  )

  it('keeps its own meaning whatever type a server error or a rate limit names', () => {
    expect(ofStatus(500, ['exceed_context_size_error']).code).toBe('upstream_error')
    expect(ofStatus(429, ['context_length_exceeded']).code).toBe('rate_limited')
  })

  it('carries the pause that the server asked for where a retry may follow', () => {
    expect(ofStatus(429, [], 3000).retry_after_ms).toBe(3000)
    expect(ofStatus(503, [], 3000).retry_after_ms).toBe(3000)
    expect(ofStatus(400, [], 3000).retry_after_ms).toBeNull()
  })

  it('never repeats the type that the server sent', () => {
    for (const status of [201, 302, 400, 401, 404, 429, 500])
      expect(JSON.stringify(ofStatus(status, ['CANARY', { CANARY: 1 }]))).not.toContain('CANARY')
  })
})

describe('an attempt without an answer', () => {
  it.each([
    ['cancelled', 'cancelled', false],
    ['timeout', 'upstream_timeout', false],
    ['unreachable', 'upstream_unreachable', true],
    ['broken', 'bad_upstream_response', true],
    ['too_large', 'response_too_large', false],
  ] as const)('that was %s is %s; worth asking again: %s', (reason, code, transient) => {
    expect(failureOfFault(reason, 7)).toMatchObject({ code, transient, latency_ms: 7, retry_after_ms: null })
  })
})

it('every failure carries the sentence of its code unless it has a better one', () => {
  for (const [code, sentence] of Object.entries(TASK_ERRORS))
    expect(failure(code as keyof typeof TASK_ERRORS, 0).message).toBe(sentence)
  expect(failure('empty_output', 0, { message: 'Better.' }).message).toBe('Better.')
})
