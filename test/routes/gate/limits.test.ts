import { describe, expect, it, vi } from 'vitest'
import { buildGate } from '../../helpers/gate.ts'
import { bearer, type Claims, claims, hmacToken } from '../../helpers/gate-tokens.ts'

const work = { method: 'POST', url: '/work', payload: { workflow_type: 'custom' } } as const
const good = () => bearer(hmacToken())

describe('failed authentications', () => {
  const failures = { limit: 3, windowMs: 60_000 }

  it('shut their address out before a token is looked at, good or bad', async () => {
    const { app } = await buildGate({ failures })
    for (let i = 0; i < 3; i++) expect((await app.inject({ ...work, headers: bearer('bad') })).statusCode).toBe(401)
    for (const headers of [bearer('bad'), good()]) {
      const response = await app.inject({ ...work, headers })
      expect(response.statusCode).toBe(429)
      expect(response.json()).toMatchObject({ code: 'rate_limited' })
      const retryAfter = Number(response.headers['retry-after'])
      expect(retryAfter).toBeGreaterThan(0)
      expect(retryAfter).toBeLessThanOrEqual(60)
    }
  })

  it('are forgiven when the window is over', async () => {
    let now = Date.now()
    const { app } = await buildGate({ failures, now: () => now })
    for (let i = 0; i < 3; i++) await app.inject({ ...work, headers: bearer('bad') })
    now += 61_000
    expect((await app.inject({ ...work, headers: good() })).statusCode).toBe(200)
  })

  it('of one address leave another alone, and public routes open', async () => {
    const { app } = await buildGate({ failures })
    for (let i = 0; i < 4; i++) await app.inject({ ...work, headers: bearer('bad'), remoteAddress: '10.0.0.1' })
    const status = async (remoteAddress: string, options: object) =>
      (await app.inject({ remoteAddress, ...options })).statusCode
    expect(await status('10.0.0.2', { ...work, headers: good() })).toBe(200)
    expect(await status('10.0.0.1', { ...work, headers: good() })).toBe(429)
    expect(await status('10.0.0.1', { url: '/open' })).toBe(200)
  })

  it('count together for the whole network of an IPv6 address', async () => {
    const { app } = await buildGate({ failures })
    for (let i = 1; i < 5; i++)
      await app.inject({ ...work, headers: bearer('bad'), remoteAddress: `2001:db8:1:1::${i}` })
    const status = async (remoteAddress: string) =>
      (await app.inject({ ...work, headers: good(), remoteAddress })).statusCode
    expect(await status('2001:db8:1:1:ffff::9')).toBe(429)
    expect(await status('2001:db8:1:2::1')).toBe(200)
  })

  it('are not counted for successes', async () => {
    const { app } = await buildGate({ failures })
    for (let i = 0; i < 10; i++) expect((await app.inject({ ...work, headers: good() })).statusCode).toBe(200)
  })

  it('at once do not get more tries than one after the other', async () => {
    const { app } = await buildGate({ failures })
    const tries = Array.from({ length: 20 }, () => app.inject({ ...work, headers: bearer('bad') }))
    const statuses = (await Promise.all(tries)).map((response) => response.statusCode)
    expect(statuses.every((status) => status === 401 || status === 429)).toBe(true)
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(3)
  })

  const spoofed = (i: number) => ({ ...bearer('bad'), 'x-forwarded-for': `203.0.113.${i}` })

  it('cannot be spread over addresses that X-Forwarded-For makes up', async () => {
    const { app } = await buildGate({ failures })
    for (let i = 0; i < 3; i++) await app.inject({ ...work, headers: spoofed(i) })
    expect((await app.inject({ ...work, headers: spoofed(9) })).statusCode).toBe(429)
  })

  it('belong to the forwarded address when the proxy is trusted', async () => {
    const { app } = await buildGate({ failures, trustProxy: ['127.0.0.1'] })
    for (let i = 0; i < 4; i++) await app.inject({ ...work, headers: spoofed(1) })
    expect((await app.inject({ ...work, headers: spoofed(1) })).statusCode).toBe(429)
    expect((await app.inject({ ...work, headers: spoofed(2) })).statusCode).toBe(401)
  })
})

describe('the limit per caller', () => {
  const rate = { max: 2, windowMs: 60_000 }
  const as = (other: Claims) => bearer(hmacToken(claims(other)))

  it('counts down in the headers, then answers 429 with Retry-After', async () => {
    const { app } = await buildGate({ rate })
    const responses = [await app.inject({ ...work, headers: good() }), await app.inject({ ...work, headers: good() })]
    expect(responses.map((response) => response.headers['ratelimit-remaining'])).toEqual(['1', '0'])
    const over = await app.inject({ ...work, headers: good() })
    expect(over.statusCode).toBe(429)
    expect(over.headers['content-type']).toBe('application/problem+json')
    expect(over.json()).toMatchObject({ code: 'rate_limited', status: 429 })
    expect(Number(over.headers['retry-after'])).toBeGreaterThan(0)
  })

  it('is one for all tokens and addresses of a subject, another for every other subject and tenant', async () => {
    const { app } = await buildGate({ rate })
    const status = async (other: Claims, remoteAddress = '10.0.0.1') =>
      (await app.inject({ ...work, headers: as(other), remoteAddress })).statusCode
    expect(await status({ jti: '1' })).toBe(200)
    expect(await status({ jti: '2' }, '10.0.0.2')).toBe(200)
    expect(await status({ jti: '3' }, '10.0.0.3')).toBe(429)
    expect(await status({ sub: 'nurse-2' })).toBe(200)
    expect(await status({ tenant: 'st-mary' })).toBe(200)
  })

  it('does not count public routes', async () => {
    const { app } = await buildGate({ rate })
    for (let i = 0; i < 5; i++) {
      const response = await app.inject('/open')
      expect(response.statusCode).toBe(200)
      expect(response.headers).not.toHaveProperty('ratelimit-limit')
    }
  })
})

describe('under overload', () => {
  it('work is refused with 503 before its token is looked at, while public routes answer', async () => {
    const { app } = await buildGate({ overload: { maxHeapUsedBytes: 1, sampleIntervalMs: 10 } })
    await vi.waitUntil(() => app.isUnderPressure())
    const response = await app.inject({ ...work, headers: bearer('bad') })
    expect(response.statusCode).toBe(503)
    expect(response.json()).toMatchObject({ code: 'overloaded', status: 503 })
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0)
    expect((await app.inject('/open')).statusCode).toBe(200)
    expect((await app.inject('/nothing-here')).statusCode).toBe(503)
    expect((await app.inject('/openapi.json')).statusCode).toBe(503)
  })

  it('is not declared on an idle service', async () => {
    const { app } = await buildGate()
    expect(app.isUnderPressure()).toBe(false)
  })
})
