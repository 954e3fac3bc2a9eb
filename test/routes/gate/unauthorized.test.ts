import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { buildGate, type GateOptions } from '../../helpers/gate.ts'
import {
  bearer,
  claims,
  ecPair,
  hmacToken,
  pem,
  rsaPair,
  SECRET,
  seconds,
  signedToken,
} from '../../helpers/gate-tokens.ts'

const { instance: _, ...BODY } = {
  type: 'urn:consilium:problem:unauthorized',
  title: 'Authentication is required',
  status: 401,
  code: 'unauthorized',
  detail: 'Send one Authorization header with a valid token: Authorization: Bearer <token>.',
  errors: [],
  instance: null,
}

async function answerTo(headers: Record<string, string | string[]>, options: GateOptions, url = '/work') {
  const { app } = await buildGate(options)
  const response = await app.inject({ method: 'POST', url, headers, payload: { workflow_type: 'custom' } })
  const { instance, ...rest } = response.json()
  return { status: response.statusCode, challenge: response.headers['www-authenticate'], instance, rest }
}

const refused = { status: 401, challenge: 'Bearer', instance: expect.any(String), rest: BODY }
const strict: GateOptions = { auth: { secret: SECRET, issuer: 'https://idp.test', audience: 'consilium' } }
const strictClaims = (other = {}) => claims({ iss: 'https://idp.test', aud: 'consilium', ...other })
const unsigned = (token: string) => `${token.slice(0, token.lastIndexOf('.'))}.`
const big = 'x'.repeat(8200)

describe('a token that proves nothing gets 401 with one and the same body', () => {
  it.each<[string, string]>([
    ['alg none', unsigned(hmacToken(claims(), { alg: 'none' }))],
    ['alg none with a signature', hmacToken(claims(), { alg: 'none' })],
    ['alg HS512', hmacToken(claims(), { alg: 'HS512' })],
    ['no signature', unsigned(hmacToken())],
    ['another secret', hmacToken(claims(), {}, 'another secret of thirty-two bytes!')],
    ['an empty secret', hmacToken(claims(), {}, '')],
    ['an unknown crit', hmacToken(claims(), { crit: ['exp'], exp: 1 })],
    ['an unknown extension in crit', hmacToken(claims(), { crit: ['x'], x: 1 })],
    ['an empty crit', hmacToken(claims(), { crit: '' })],
    ['an end in the past', hmacToken(claims({ iat: seconds(-900), exp: seconds(-300) }))],
    ['a beginning in the future', hmacToken(claims({ nbf: seconds(300) }))],
    ['an issue in the future', hmacToken(claims({ iat: seconds(300) }))],
    ['no exp', hmacToken(claims({ exp: undefined }))],
    ['no iat', hmacToken(claims({ iat: undefined }))],
    ['no sub', hmacToken(claims({ sub: undefined }))],
    ['exp as text', hmacToken(claims({ exp: String(seconds(600)) }))],
    ['exp 1e300', hmacToken(claims({ exp: 1e300 }))],
    ['exp null', hmacToken(claims({ exp: null }))],
    ['nbf as text', hmacToken(claims({ nbf: '0' }))],
    ['an empty sub', hmacToken(claims({ sub: '' }))],
    ['a sub of 257 characters', hmacToken(claims({ sub: 's'.repeat(257) }))],
    ['a sub with a line break', hmacToken(claims({ sub: 'a\nb' }))],
    ['a tenant with a slash', hmacToken(claims({ tenant: '../other' }))],
    ['a tenant of 65 characters', hmacToken(claims({ tenant: 't'.repeat(65) }))],
    ['a tenant that is a list', hmacToken(claims({ tenant: ['a'] }))],
    ['a scope that is a list', hmacToken(claims({ scope: ['workflows:execute'] }))],
    ['more than 8 KB', hmacToken(claims({ big }))],
    ['claims that are a list', hmacToken([])],
    ['claims that are null', hmacToken(null)],
    ['no token at all', 'nonsense'],
    ['two dots and nothing else', '..'],
  ])('%s', async (_name, token) => {
    expect(await answerTo(bearer(token), {})).toEqual(refused)
  })

  it.each<[string, string]>([
    ['a wrong issuer', hmacToken(strictClaims({ iss: 'https://evil.test' }))],
    ['no issuer', hmacToken(strictClaims({ iss: undefined }))],
    ['an issuer as a list', hmacToken(strictClaims({ iss: ['https://idp.test'] }))],
    ['a wrong audience', hmacToken(strictClaims({ aud: 'other' }))],
    ['no audience', hmacToken(strictClaims({ aud: undefined }))],
    ['an audience list without ours', hmacToken(strictClaims({ aud: ['a', 'b'] }))],
    ['an audience list with a number', hmacToken(strictClaims({ aud: ['consilium', 1] }))],
  ])('%s, with issuer and audience configured', async (_name, token) => {
    expect(await answerTo(bearer(token), strict)).toEqual(refused)
  })

  it.each<[string, Record<string, string | string[]>]>([
    ['no header', {}],
    ['a blank header', { authorization: '' }],
    ['only the scheme', { authorization: 'Bearer' }],
    ['Basic', { authorization: 'Basic dXNlcjpwYXNz' }],
    ['a token without scheme', { authorization: hmacToken() }],
    ['two tokens in one header', { authorization: `Bearer ${hmacToken()} ${hmacToken()}` }],
    ['two headers, both good', { authorization: [`Bearer ${hmacToken()}`, `Bearer ${hmacToken()}`] }],
  ])('%s', async (_name, headers) => {
    expect(await answerTo(headers, {})).toEqual(refused)
  })

  it('a token in the query string', async () => {
    const token = hmacToken()
    expect(await answerTo({}, {}, `/work?token=${token}&access_token=${token}`)).toEqual(refused)
  })

  it('claims changed after signing', async () => {
    const [header, , signature] = hmacToken().split('.')
    const raised = Buffer.from(JSON.stringify(claims({ scope: 'admin' }))).toString('base64url')
    expect(await answerTo(bearer(`${header}.${raised}.${signature}`), {})).toEqual(refused)
  })

  it('HMAC with the public key as its secret, for RSA and for EC', async () => {
    for (const { publicKey } of [rsaPair(), ecPair()]) {
      const text = pem(publicKey)
      const options = { auth: { publicKey: text } }
      expect(await answerTo(bearer(hmacToken(claims(), {}, text)), options)).toEqual(refused)
      expect(await answerTo(bearer(hmacToken(claims(), {}, text.trim())), options)).toEqual(refused)
    }
  })

  it('another key of the right kind, and a right key under another name of algorithm', async () => {
    const pair = rsaPair()
    const options = { auth: { publicKey: pem(pair.publicKey) } }
    expect(await answerTo(bearer(signedToken(rsaPair().privateKey)), options)).toEqual(refused)
    expect(await answerTo(bearer(signedToken(pair.privateKey, claims(), { alg: 'PS256' })), options)).toEqual(refused)
    expect(await answerTo(bearer(signedToken(pair.privateKey)), options)).toMatchObject({ status: 200 })
  })
})

describe('a key that cannot be trusted stops the start', () => {
  const otherCurve = generateKeyPairSync('ec', { namedCurve: 'secp384r1' })
  const shortRsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
  it.each<[string, NonNullable<GateOptions['auth']>, RegExp]>([
    ['a secret under 32 bytes', { secret: 'x'.repeat(31) }, /JWT_SECRET must be at least 32 bytes/],
    ['no key', {}, /Set one of JWT_SECRET/],
    ['text that is no key', { publicKey: 'nonsense' }, /not a readable public key/],
    ['a curve that is not P-256', { publicKey: pem(otherCurve.publicKey) }, /RSA .* or EC P-256/],
    ['RSA of 1024 bits', { publicKey: pem(shortRsa.publicKey) }, /2048 bits/],
  ])('%s', async (_name, auth, message) => {
    await expect(buildGate({ auth })).rejects.toThrow(message)
  })
})
