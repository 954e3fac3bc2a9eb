import { createVerifier } from 'fast-jwt'
import { describe, expect, test } from 'vitest'
import { createClient } from '../../../src/cli/client.ts'
import { parseDuration } from '../../../src/cli/duration.ts'
import { Refused, ServiceError, UsageError } from '../../../src/cli/errors.ts'
import { describeFault } from '../../../src/cli/fault.ts'
import { firstGiven, parsePriority, parseRow, parseTimeout } from '../../../src/cli/options.ts'
import { makeToken } from '../../../src/cli/token.ts'
import { ConfigError } from '../../../src/errors.ts'

const SECRET = 'a secret that is long enough for HS256'
const wanted = { subject: 'dr.muster', tenant: 'ward-3', scope: null, expires_ms: 3_600_000 }

describe('a token', () => {
  test('is one that the service can verify, with subject, tenant, scope and life', () => {
    const claims = createVerifier({ key: SECRET, algorithms: ['HS256'] })(makeToken(wanted, { JWT_SECRET: SECRET }))
    expect(claims).toMatchObject({
      sub: 'dr.muster',
      tenant: 'ward-3',
      scope: 'workflows:execute workflows:read runs:read',
    })
    expect(claims.exp - claims.iat).toBe(3600)
  })

  test('carries the issuer, audience and scopes that were asked for', () => {
    const env = { JWT_SECRET: SECRET, JWT_ISSUER: 'hospital', JWT_AUDIENCE: 'consilium' }
    const verify = createVerifier({ key: SECRET, allowedIss: 'hospital', allowedAud: 'consilium' })
    expect(verify(makeToken({ ...wanted, scope: ' runs:read  admin' }, env))).toMatchObject({
      scope: 'runs:read admin',
    })
  })

  test('is refused without a secret, with a short one, an unknown scope or a life below a second', () => {
    expect(() => makeToken(wanted, {})).toThrow(/JWT_SECRET is not set/)
    expect(() => makeToken(wanted, { JWT_SECRET: 'short' })).toThrow(/JWT_SECRET: must be at least 32 bytes/)
    const env = { JWT_SECRET: SECRET }
    for (const scope of ['workflow:execute', ' '])
      expect(() => makeToken({ ...wanted, scope }, env)).toThrow(/--scope must/)
    expect(() => makeToken({ ...wanted, expires_ms: 999 }, env)).toThrow(/at least 1s/)
    for (const tenant of ['', ' ', 'ward 3', '-a', 'a'.repeat(65)])
      expect(() => makeToken({ ...wanted, tenant }, env)).toThrow(/--tenant must be 1 to 64 of/)
    expect(() => makeToken({ ...wanted, subject: '' }, env)).toThrow(/--sub must/)
  })
})

describe('options', () => {
  test('read times with their unit', () => {
    expect(['500ms', '30s', '2m', '8h', '7d'].map((text) => parseDuration(text, '--expires'))).toEqual([
      500, 30_000, 120_000, 28_800_000, 604_800_000,
    ])
  })

  test('refuse times without a unit, of zero, negative or absurd, by name', () => {
    for (const text of ['8', '0h', '-1s', '1e3s', '', 'soon', '1.5h', '99999999999h'])
      expect(() => parseDuration(text, '--expires')).toThrow(/^--expires must/)
    expect(() => parseTimeout('25h')).toThrow(/at most 24h/)
  })

  test('hold row and priority to their bounds', () => {
    expect([parseRow('1'), parsePriority('0'), parsePriority('5')]).toEqual([1, 0, 5])
    for (const text of ['0', '-1', '1.5', 'x', '']) expect(() => parseRow(text)).toThrow(UsageError)
    for (const text of ['6', '-1', '']) expect(() => parsePriority(text)).toThrow(/from 0 to 5/)
  })

  test('take the first that is given and not empty', () => {
    expect(firstGiven('none', undefined, '', 'b', 'c')).toBe('b')
    expect(() => firstGiven('none given', undefined, '')).toThrow('none given')
  })

  test('take only a base URL without credentials', () => {
    for (const url of ['127.0.0.1:8000', 'ftp://a', '', 'http://user:pass@a'])
      expect(() => createClient(url, 't')).toThrow(UsageError)
  })
})

describe('a command that ends with an error', () => {
  test('exits with 2 for what the caller wrote and 1 for what the service said', () => {
    const problem = { title: 'Overloaded', status: 503, code: 'overloaded', detail: 'Later.', errors: [] }
    expect(describeFault(new UsageError('bad'))).toEqual({ lines: ['bad'], exit: 2 })
    expect(describeFault(new ConfigError('PORT: bad'))).toEqual({ lines: ['PORT: bad'], exit: 2 })
    expect(describeFault(new ServiceError('gone'))).toEqual({ lines: ['gone'], exit: 1 })
    expect(describeFault(new Refused(problem, null))).toEqual({
      lines: ['Overloaded. (503 overloaded)', 'Later.'],
      exit: 1,
    })
  })

  test('shows where an unforeseen one came from', () => {
    const { lines, exit } = describeFault(new TypeError('x is not a function'))
    expect(exit).toBe(1)
    expect(lines[0]).toBe('The command broke: TypeError: x is not a function')
    expect(lines[1]).toContain('at ')
  })
})
