import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { buildGate } from '../../helpers/gate.ts'
import { bearer, claims, ecPair, hmacToken, rsaPair, signedToken } from '../../helpers/gate-tokens.ts'

type Pair = ReturnType<typeof rsaPair>
const rsa = rsaPair()
const ec = ecPair()
const jwk = (pair: Pair, kid: string, other = {}) => ({ ...pair.publicKey.export({ format: 'jwk' }), kid, ...other })

/** An identity provider on the loopback interface; its ledger says what was asked of it. */
async function provider(keys: unknown[]) {
  const state = { keys, status: 200, redirectTo: null as string | null, asked: [] as string[] }
  const server = createServer((request, response) => {
    state.asked.push(request.url ?? '')
    if (state.redirectTo !== null) response.writeHead(302, { location: state.redirectTo }).end()
    else response.writeHead(state.status).end(JSON.stringify({ keys: state.keys }))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys` }
}

async function gateFor(url: string) {
  const clock = { now: Date.now() }
  const { app } = await buildGate({ auth: { jwksUrl: url }, now: () => clock.now })
  const ask = async (token: string) => {
    const payload = { workflow_type: 'custom' }
    return app.inject({ method: 'POST', url: '/work', headers: bearer(token), payload })
  }
  const status = async (token: string) => (await ask(token)).statusCode
  return { clock, ask, status }
}

const token = (pair: Pair, kid: string, header = {}) => signedToken(pair.privateKey, claims(), { kid, ...header })

describe('keys of a JWKS endpoint', () => {
  it('check RS256 and ES256 tokens by their kid, with one fetch for all', async () => {
    const { state, url } = await provider([jwk(rsa, 'r'), jwk(ec, 'e', { alg: 'ES256', use: 'sig' })])
    const { status } = await gateFor(url)
    expect(await Promise.all([status(token(rsa, 'r')), status(token(ec, 'e')), status(token(rsa, 'r'))])).toEqual([
      200, 200, 200,
    ])
    expect(state.asked).toEqual(['/keys'])
  })

  it('are not asked for again by a flood of made-up kids', async () => {
    const { state, url } = await provider([jwk(rsa, 'r')])
    const { status, clock } = await gateFor(url)
    expect(await status(token(rsa, 'r'))).toBe(200)
    clock.now += 11_000
    for (let i = 0; i < 50; i++) expect(await status(token(rsa, `made-up-${i}`))).toBe(401)
    expect(state.asked).toHaveLength(2)
  })

  it('are chosen by nothing else in a token: jku, x5u, jwk and a path as kid reach nobody', async () => {
    const { state, url } = await provider([jwk(rsa, 'r')])
    const elsewhere = await provider([jwk(ec, 'e')])
    const { status } = await gateFor(url)
    const headers = [
      { jku: elsewhere.url },
      { x5u: elsewhere.url },
      { jwk: ec.publicKey.export({ format: 'jwk' }) },
      { kid: elsewhere.url },
      { kid: '../../../../etc/passwd' },
      { kid: ['r'] },
      { kid: undefined },
    ]
    for (const header of headers) expect(await status(token(ec, 'e', header))).toBe(401)
    expect(elsewhere.state.asked).toEqual([])
    expect(new Set(state.asked)).toEqual(new Set(['/keys']))
  })

  it('that are symmetric, for encryption or for another algorithm are no keys', async () => {
    const oct = { kty: 'oct', kid: 'o', alg: 'HS256', k: Buffer.from('x'.repeat(32)).toString('base64url') }
    const { url } = await provider([oct, jwk(rsa, 'enc', { use: 'enc' }), jwk(rsa, 'ps', { alg: 'PS256' }), null, 7])
    const { status } = await gateFor(url)
    expect(await status(hmacToken(claims(), { kid: 'o' }, 'x'.repeat(32)))).toBe(401)
    expect(await status(token(rsa, 'enc'))).toBe(401)
    expect(await status(token(rsa, 'ps'))).toBe(401)
  })

  it('that were rotated in are found, and those taken out end within the refresh time', async () => {
    const { state, url } = await provider([jwk(rsa, 'old')])
    const { status, clock } = await gateFor(url)
    const old = token(rsa, 'old')
    expect(await status(old)).toBe(200)
    state.keys = [jwk(rsa, 'old'), jwk(ec, 'new')]
    clock.now += 11_000
    expect(await status(token(ec, 'new'))).toBe(200)
    expect(await status(old)).toBe(200)
    state.keys = [jwk(ec, 'new')]
    clock.now += 61_000
    expect(await status(token(rsa, 'unknown'))).toBe(401)
    expect(await status(old)).toBe(401)
  })

  it('that cannot be fetched mean 503 with Retry-After, not 401', async () => {
    const { state, url } = await provider([jwk(rsa, 'r')])
    state.status = 500
    const { ask, status, clock } = await gateFor(url)
    const response = await ask(token(rsa, 'r'))
    expect(response.statusCode).toBe(503)
    expect(response.json()).toMatchObject({ code: 'not_ready' })
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0)
    state.status = 200
    clock.now += 2000
    expect(await status(token(rsa, 'r'))).toBe(200)
  })

  it('still serve while the endpoint is down', async () => {
    const { state, url } = await provider([jwk(rsa, 'r')])
    const { status, clock } = await gateFor(url)
    expect(await status(token(rsa, 'r'))).toBe(200)
    state.status = 500
    clock.now += 400_000
    expect(
      await status(signedToken(rsa.privateKey, claims({ exp: (claims().exp as number) + 3600 }), { kid: 'r' })),
    ).toBe(200)
  })

  it('are not looked for where the endpoint redirects to', async () => {
    const { state, url } = await provider([])
    const elsewhere = await provider([jwk(rsa, 'r')])
    state.redirectTo = elsewhere.url
    const { status } = await gateFor(url)
    expect(await status(token(rsa, 'r'))).toBe(503)
    expect(elsewhere.state.asked).toEqual([])
  })
})
