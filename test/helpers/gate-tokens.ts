import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export const SECRET = 'a test secret of thirty-two bytes'

export type Claims = Record<string, unknown>

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Seconds since 1970, by the real clock, `offset` seconds from now. */
export const seconds = (offset = 0): number => Math.floor(Date.now() / 1000) + offset

/** Claims that pass, with others in their place. An undefined one is left out. */
export const claims = (other: Claims = {}): Claims => ({
  sub: 'nurse-1',
  iat: seconds(),
  exp: seconds(600),
  scope: 'workflows:execute workflows:read',
  ...other,
})

/** A token with any header and any claims, signed by HMAC-SHA256, whatever its header says. */
export function hmacToken(payload: unknown = claims(), header: Claims = {}, secret: string | Buffer = SECRET): string {
  const input = `${encode({ alg: 'HS256', typ: 'JWT', ...header })}.${encode(payload)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

/** A token signed with a private RSA or P-256 key. */
export function signedToken(key: KeyObject, payload: unknown = claims(), header: Claims = {}): string {
  const alg = key.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256'
  const input = `${encode({ alg, typ: 'JWT', ...header })}.${encode(payload)}`
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

export const rsaPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
export const ecPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
