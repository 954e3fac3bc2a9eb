import { describe, expect, it } from 'vitest'
import { createAuthenticate, MAX_REMEMBERED, REMEMBER_MS } from '../../../../src/plugins/auth/authenticate.ts'
import type { Caller } from '../../../../src/plugins/auth/caller.ts'
import { Remembered } from '../../../../src/plugins/auth/remembered.ts'
import { claims, hmacToken, SECRET } from '../../../helpers/gate-tokens.ts'

const caller: Caller = { tenant: 't', subject: 's', scopes: new Set() }

function setUp() {
  const clock = { now: Date.now() }
  const remembered = new Remembered(MAX_REMEMBERED)
  const auth = { secret: SECRET, publicKey: null, jwksUrl: null, issuer: null, audience: null }
  const onFailure = (error: unknown) => {
    throw error
  }
  return { clock, remembered, authenticate: createAuthenticate({ auth, now: () => clock.now, onFailure }, remembered) }
}

describe('tokens that were checked', () => {
  it('are remembered up to a bound, however many there are', () => {
    const { authenticate, remembered } = setUp()
    for (let i = 0; i < 10_000; i++) expect(authenticate(hmacToken(claims({ sub: `s${i}` })))).not.toBeNull()
    expect(remembered.size).toBe(MAX_REMEMBERED)
  })

  it('leave nothing behind when they were bad', () => {
    const { authenticate, remembered } = setUp()
    for (let i = 0; i < 100; i++) expect(authenticate(hmacToken(claims({ sub: `s${i}` }), {}, 'wrong'))).toBeNull()
    expect(remembered.size).toBe(0)
  })

  it('give the same caller again without a new check, until it is due', () => {
    const { authenticate, clock } = setUp()
    const token = hmacToken(claims({ exp: (claims().iat as number) + 86_400 }))
    const first = authenticate(token)
    expect(authenticate(token)).toBe(first)
    clock.now += REMEMBER_MS
    const later = authenticate(token)
    expect(later).toEqual(first)
    expect(later).not.toBe(first)
  })
})

describe('Remembered', () => {
  it('forgets the least recently used first', () => {
    const remembered = new Remembered(2)
    remembered.keep('a', caller, 10)
    remembered.keep('b', caller, 10)
    remembered.recall('a', 0)
    remembered.keep('c', caller, 10)
    expect(['a', 'b', 'c'].map((key) => remembered.recall(key, 0) !== null)).toEqual([true, false, true])
  })

  it('holds nobody past their time', () => {
    const remembered = new Remembered(2)
    remembered.keep('a', caller, 10)
    expect(remembered.recall('a', 9)).toBe(caller)
    expect(remembered.recall('a', 10)).toBeNull()
    expect(remembered.size).toBe(0)
  })

  it('replaces an entry without forgetting another', () => {
    const remembered = new Remembered(2)
    remembered.keep('a', caller, 10)
    remembered.keep('b', caller, 10)
    remembered.keep('b', caller, 20)
    expect(remembered.recall('a', 0)).toBe(caller)
  })
})
