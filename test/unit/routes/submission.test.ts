import { describe, expect, it } from 'vitest'
import { readSubmission } from '../../../routes/v1/workflows/submission.ts'
import { refusal } from '../../helpers/plans.ts'

describe('Prefer', () => {
  it.each([
    'respond-async',
    'Respond-Async',
    'respond-async, wait=10',
    'wait=10,respond-async',
    'return=minimal , respond-async ; x=1',
    ['return=minimal', 'respond-async'],
  ])('%j asks for an answer at once', (prefer) => {
    expect(readSubmission({ prefer }).respond_async).toBe(true)
  })

  it.each([undefined, '', 'wait=10', 'respond-asynchronously', 'x-respond-async', 'return="respond-async"', 'async'])(
    '%j does not',
    (prefer) => {
      expect(readSubmission({ prefer }).respond_async).toBe(false)
    },
  )
})

describe('Idempotency-Key', () => {
  it.each(['a', '8e03978e-40d5-43e8-bc93-6894a57f9324', '"quoted"', '!~', 'x'.repeat(255)])('may be %s', (key) => {
    expect(readSubmission({ 'idempotency-key': key }).idempotency_key).toBe(key)
  })

  it('is none where there is no header', () => {
    expect(readSubmission({})).toEqual({ respond_async: false, idempotency_key: null })
  })

  it.each(['', ' ', 'two words', 'x'.repeat(256), 'schlüssel', 'a\u0000', 'a\tb', ['a', 'b']])(
    'must not be %j: the refusal names the header and does not repeat it',
    (key) => {
      const problem = refusal(() => readSubmission({ 'idempotency-key': key }))
      expect([problem.code, problem.options.errors?.[0]?.field]).toEqual(['invalid_request', 'Idempotency-Key'])
      expect(JSON.stringify([problem.message, problem.options])).not.toContain('schlüssel')
    },
  )
})
