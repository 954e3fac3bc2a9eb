import { describe, expect, it } from 'vitest'
import type { KeySet } from '../../../../src/plugins/auth/fetch-jwks.ts'
import { COOLDOWN_MS, Jwks, REFRESH_MS, RETRY_MS, STALE_MS } from '../../../../src/plugins/auth/jwks.ts'

const key = { alg: 'RS256' as const, claimsOf: () => null }
const setOf = (...kids: string[]): KeySet => new Map(kids.map((kid) => [kid, key]))

function setUp(first: KeySet | Error) {
  const state = { now: 1_000_000, answer: first, fetches: 0, failures: [] as unknown[] }
  const fetchKeys = async () => {
    state.fetches++
    if (state.answer instanceof Error) throw state.answer
    return state.answer
  }
  const jwks = new Jwks({ fetchKeys, now: () => state.now, onFailure: (error) => state.failures.push(error) })
  return { state, jwks }
}

describe('Jwks', () => {
  it('shares one fetch among all who ask at once', async () => {
    const { state, jwks } = setUp(setOf('a', 'b'))
    expect(await Promise.all([jwks.find('a'), jwks.find('b'), jwks.find('c')])).toEqual([key, key, null])
    expect(state.fetches).toBe(1)
  })

  it('fetches for unknown kids once per cooldown at most', async () => {
    const { state, jwks } = setUp(setOf('a'))
    for (let i = 0; i < 100; i++) await jwks.find(`x${i}`)
    expect(state.fetches).toBe(1)
    state.now += COOLDOWN_MS
    for (let i = 0; i < 100; i++) await jwks.find(`x${i}`)
    expect(state.fetches).toBe(2)
  })

  it('refreshes an old set behind the answer, and a withdrawn key is then gone', async () => {
    const { state, jwks } = setUp(setOf('a'))
    await jwks.find('a')
    state.answer = setOf('b')
    state.now += REFRESH_MS
    expect(await jwks.find('a')).toBe(key)
    await new Promise(setImmediate)
    expect(await jwks.find('a')).toBeNull()
    expect(state.fetches).toBe(2)
  })

  it('serves the last set while the endpoint is down, then says that it cannot tell', async () => {
    const { state, jwks } = setUp(setOf('a'))
    await jwks.find('a')
    state.answer = new Error('down')
    state.now += STALE_MS - 1
    expect(await jwks.find('a')).toBe(key)
    state.now += RETRY_MS
    await expect(jwks.find('a')).rejects.toMatchObject({ code: 'not_ready' })
    expect(state.failures).toContain(state.answer)
  })

  it('asks an endpoint that is down once per retry time, and tells everybody 503 meanwhile', async () => {
    const { state, jwks } = setUp(new Error('down'))
    for (let i = 0; i < 50; i++) await expect(jwks.find('a')).rejects.toMatchObject({ status: 503 })
    expect(state.fetches).toBe(1)
    state.answer = setOf('a')
    state.now += RETRY_MS
    expect(await jwks.find('a')).toBe(key)
  })
})
