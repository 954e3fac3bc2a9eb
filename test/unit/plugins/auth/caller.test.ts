import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CLOCK_SKEW_S, MAX_LIFETIME_S, readCaller } from '../../../../src/plugins/auth/caller.ts'

const NOW = 1_800_000_000
const rules = { issuer: null, audience: null, nowS: NOW }
const claims = (other = {}) => ({ sub: 's', iat: NOW - 10, exp: NOW + 100, ...other })
const admits = (other: object, now = NOW) => readCaller(claims(other), { ...rules, nowS: now }) !== null

describe('readCaller', () => {
  it('reads tenant, subject and scopes, and until when they count', () => {
    const read = readCaller(claims({ tenant: 't-1', scope: 'admin  runs:read admin' }), rules)
    expect(read?.caller).toEqual({ tenant: 't-1', subject: 's', scopes: new Set(['admin', 'runs:read']) })
    expect(read?.untilS).toBe(NOW + 100 + CLOCK_SKEW_S)
  })

  it('without tenant and scope is the tenant "default" with no scopes', () => {
    expect(readCaller(claims(), rules)?.caller).toEqual({ tenant: 'default', subject: 's', scopes: new Set() })
  })

  it('counts until the skew after exp, and from the skew before iat and nbf', () => {
    expect(admits({}, NOW + 100 + CLOCK_SKEW_S - 1)).toBe(true)
    expect(admits({}, NOW + 100 + CLOCK_SKEW_S)).toBe(false)
    expect(admits({ iat: NOW + CLOCK_SKEW_S })).toBe(true)
    expect(admits({ iat: NOW + CLOCK_SKEW_S + 1 })).toBe(false)
    expect(admits({ nbf: NOW + CLOCK_SKEW_S })).toBe(true)
    expect(admits({ nbf: NOW + CLOCK_SKEW_S + 1 })).toBe(false)
  })

  it('refuses a lifetime over ten years, and an end before the issue', () => {
    expect(admits({ iat: NOW, exp: NOW + MAX_LIFETIME_S })).toBe(true)
    expect(admits({ iat: NOW, exp: NOW + MAX_LIFETIME_S + 1 })).toBe(false)
    expect(admits({ iat: NOW + 20, exp: NOW + 10 })).toBe(false)
  })

  it('never throws and never admits when a required claim is anything but itself', () => {
    const wrong = fc.oneof(fc.string(), fc.constant(null), fc.array(fc.integer()), fc.boolean(), fc.constant({}))
    fc.assert(
      fc.property(fc.constantFrom('exp', 'iat', 'nbf'), wrong, (name, value) => {
        expect(admits({ [name]: value })).toBe(false)
      }),
    )
    fc.assert(fc.property(fc.anything(), (value) => void expect(readCaller(value, rules)).toBeNull()))
  })

  it('admits only tenants that are safe in a path, a key and a log', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (tenant) => {
        expect(admits({ tenant })).toBe(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(tenant) && !tenant.includes('\n'))
      }),
    )
    expect(admits({ tenant: '' })).toBe(false)
    expect(admits({ tenant: 'a\n' })).toBe(false)
    expect(admits({ tenant: null })).toBe(false)
  })

  it('admits subjects in any language, but no control characters and no broken text', () => {
    expect(admits({ sub: 'Øystein 医師 user@host|7' })).toBe(true)
    for (const sub of ['a\u0000', 'a\r\nb', 'a\u0085', '\ud800', 'x'.repeat(257)]) expect(admits({ sub })).toBe(false)
  })
})
