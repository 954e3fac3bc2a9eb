import { describe, expect, it } from 'vitest'
import { PROBLEMS, Problem } from '../../../../src/errors.ts'
import { problemBody } from '../../../../src/plugins/problem/body.ts'
import { describeError } from '../../../../src/plugins/problem/describe.ts'
import { securityHeaders } from '../../../../src/plugins/security-headers.ts'

const raised = (code: string, statusCode: number) => Object.assign(new Error('secret'), { code, statusCode })

describe('problemBody', () => {
  it.each(Object.entries(PROBLEMS))('of %s has its status and title', (code, { status, title }) => {
    const body = problemBody(new Problem(code as keyof typeof PROBLEMS, 'why'), 'id')
    expect(body).toEqual({
      type: `urn:consilium:problem:${code}`,
      title,
      status,
      code,
      detail: 'why',
      instance: 'id',
      errors: [],
    })
  })

  it('adds members, but lets none replace a standard one', () => {
    const members = { run: { a: 1 }, status: 200, code: 'x', detail: 'x', instance: 'x', errors: 'x' }
    const body = problemBody(new Problem('conflict', 'why', { members, errors: [{ field: 'f', message: 'm' }] }), 'id')
    expect(body).toMatchObject({ run: { a: 1 }, status: 409, code: 'conflict', detail: 'why', instance: 'id' })
    expect(body.errors).toEqual([{ field: 'f', message: 'm' }])
  })
})

describe('describeError', () => {
  it.each([
    ['FST_ERR_CTP_INVALID_MEDIA_TYPE', 415, 'unsupported_media_type'],
    ['FST_ERR_CTP_EMPTY_JSON_BODY', 400, 'invalid_request'],
    ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', 400, 'invalid_request'],
    ['FST_ERR_MAX_PARAM_LENGTH', 414, 'not_found'],
    ['FST_UNDER_PRESSURE', 503, 'overloaded'],
    ['FST_ERR_SOMETHING_NEW', 400, 'invalid_request'],
    ['FST_ERR_SOMETHING_NEW', 429, 'rate_limited'],
  ])('%s (%i) is %s, without its message', (code, status, expected) => {
    const problem = describeError(raised(code, status), undefined)
    expect(problem?.code).toBe(expected)
    expect(problem?.detail).not.toContain('secret')
  })

  it('names the limit of a body that is too large', () => {
    expect(describeError(raised('FST_ERR_CTP_BODY_TOO_LARGE', 413), 42)?.detail).toContain('42 bytes')
  })

  it('gives a time to try again when that helps', () => {
    expect(describeError(raised('FST_UNDER_PRESSURE', 503), undefined)?.options.retryAfterS).toBeGreaterThan(0)
  })

  it('leaves a Problem as it is', () => {
    const problem = new Problem('conflict', 'why')
    expect(describeError(problem, undefined)).toBe(problem)
  })

  it('knows nothing of a status that is not Fastify’s, nor of its server errors', () => {
    expect(describeError(raised('UND_ERR', 404), undefined)).toBeNull()
    expect(describeError(raised('FST_ERR_REP_ALREADY_SENT', 500), undefined)).toBeNull()
    expect(describeError('text', undefined)).toBeNull()
  })
})

describe('the security headers', () => {
  it('let nothing in an answer load, run, be framed or be kept', () => {
    expect(securityHeaders()).toMatchObject({
      'content-security-policy': "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    })
  })
})
