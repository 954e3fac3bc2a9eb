import { describe, expect, it } from 'vitest'
import { buildGate, type GateOptions } from '../../helpers/gate.ts'
import { bearer, claims, ecPair, hmacToken, pem, SECRET, seconds, signedToken } from '../../helpers/gate-tokens.ts'

const work = { method: 'POST', url: '/work', payload: { workflow_type: 'custom' } } as const

async function execute(token: string, options: GateOptions = {}) {
  const { app } = await buildGate(options)
  return app.inject({ ...work, headers: bearer(token) })
}

describe('a good token', () => {
  it('makes its tenant and subject the caller', async () => {
    const response = await execute(hmacToken(claims({ tenant: 'st-mary', sub: 'dr-1' })))
    expect(response.statusCode).toBe(200)
    expect(response.json()).toEqual({ tenant: 'st-mary', subject: 'dr-1' })
  })

  it('without a tenant belongs to the tenant "default"', async () => {
    expect((await execute(hmacToken())).json()).toMatchObject({ tenant: 'default' })
  })

  it('names its tenant alone: query and body cannot swap it', async () => {
    const { app } = await buildGate()
    const headers = { ...bearer(hmacToken(claims({ tenant: 'a' }))), 'x-tenant': 'b' }
    const payload = { workflow_type: 'custom', context: { tenant: 'b' } }
    const response = await app.inject({ method: 'POST', url: '/work?tenant=b', headers, payload })
    expect(response.json()).toMatchObject({ tenant: 'a' })
  })

  it('may be signed with the P-256 key that was configured', async () => {
    const { publicKey, privateKey } = ecPair()
    const response = await execute(signedToken(privateKey), { auth: { publicKey: pem(publicKey) } })
    expect(response.statusCode).toBe(200)
  })

  it('passes the configured issuer, and the audience alone or in a list', async () => {
    const options = { auth: { secret: SECRET, issuer: 'https://idp.test', audience: 'consilium' } }
    for (const aud of ['consilium', ['other', 'consilium']]) {
      const response = await execute(hmacToken(claims({ iss: 'https://idp.test', aud })), options)
      expect(response.statusCode).toBe(200)
    }
  })

  it('is read whatever the case of the scheme', async () => {
    const { app } = await buildGate()
    const response = await app.inject({ ...work, headers: { authorization: `bEARER ${hmacToken()}` } })
    expect(response.statusCode).toBe(200)
  })

  it('still counts when the clocks differ by less than 30 seconds, and no longer at 5 minutes', async () => {
    const at = (token: string) => execute(token).then((response) => response.statusCode)
    expect(await at(hmacToken(claims({ iat: seconds(-600), exp: seconds(-20) })))).toBe(200)
    expect(await at(hmacToken(claims({ iat: seconds(20), nbf: seconds(20) })))).toBe(200)
    expect(await at(hmacToken(claims({ iat: seconds(-600), exp: seconds(-300) })))).toBe(401)
    expect(await at(hmacToken(claims({ nbf: seconds(300) })))).toBe(401)
  })

  it('is refused once it has expired although it was accepted before', async () => {
    let now = Date.now()
    const { app } = await buildGate({ now: () => now })
    const headers = bearer(hmacToken(claims({ exp: seconds(60) })))
    expect((await app.inject({ ...work, headers })).statusCode).toBe(200)
    now += 85_000
    expect((await app.inject({ ...work, headers })).statusCode).toBe(200)
    now += 10_000
    expect((await app.inject({ ...work, headers })).statusCode).toBe(401)
  })
})

describe('a route', () => {
  it('names the scope that a caller lacks', async () => {
    const { app } = await buildGate()
    const response = await app.inject({ url: '/audit', headers: bearer(hmacToken()) })
    expect(response.statusCode).toBe(403)
    expect(response.json()).toMatchObject({ code: 'forbidden', detail: expect.stringContaining('admin') })
  })

  it('does not take a part of a scope for the scope', async () => {
    const { app } = await buildGate()
    const headers = bearer(hmacToken(claims({ scope: 'administrator admin:none xadmin' })))
    expect((await app.inject({ url: '/audit', headers })).statusCode).toBe(403)
  })

  it('that is public asks for nothing and looks at no token', async () => {
    const { app } = await buildGate()
    expect((await app.inject('/open')).statusCode).toBe(200)
    expect((await app.inject({ url: '/open', headers: bearer('nonsense') })).statusCode).toBe(200)
  })

  it.each([
    ['neither a scope nor public', {}],
    ['both a scope and public', { scope: 'admin' as const, public: true }],
  ])('with %s stops the start', async (_name, config) => {
    const routes: GateOptions['routes'] = (app) => app.get('/careless', { config }, async () => ({}))
    await expect(buildGate({ routes })).rejects.toThrow(/GET \/careless must have either config.scope or config.public/)
  })

  it('that is public has no caller to read', async () => {
    const { app, logged } = await buildGate({
      routes: (app) => app.get('/confused', { config: { public: true } }, async ({ caller }) => caller),
    })
    expect((await app.inject('/confused')).statusCode).toBe(500)
    expect(logged()).toContain('auth.ts')
  })
})
