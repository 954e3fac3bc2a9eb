import { createPublicKey, type KeyObject } from 'node:crypto'
import { createVerifier, TokenError } from 'fast-jwt'
import { ConfigError } from '../../errors.ts'

export type Algorithm = 'HS256' | 'RS256' | 'ES256'

/** One key with the one algorithm that it may check: nothing in a token chooses either. */
export interface VerifyKey {
  alg: Algorithm
  /** The claims of a token that this key signed, or null. */
  claimsOf: (token: string) => unknown
}

const MIN_SECRET_BYTES = 32
const MIN_RSA_BITS = 2048

/** The protected header of a token, or null when it is none. */
export function readHeader(token: string): Record<string, unknown> | null {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString('utf8'))
    return typeof header === 'object' && header !== null && !Array.isArray(header)
      ? (header as Record<string, unknown>)
      : null
  } catch {
    // Whoever sends no JSON sends no token: an answer, not a fault.
    return null
  }
}

function createKey(alg: Algorithm, key: string): VerifyKey {
  // Times and claims are judged in one place, readCaller; here only the signature.
  const verify = createVerifier({ key, algorithms: [alg], cache: false, ignoreExpiration: true, ignoreNotBefore: true })
  return {
    alg,
    claimsOf: (token) => {
      const header = readHeader(token)
      // No extension is understood here, so any `crit` must be refused (RFC 7515, 4.1.11), an empty one too.
      if (header === null || header.alg !== alg || Object.hasOwn(header, 'crit')) return null
      try {
        return verify(token) as unknown
      } catch (error) {
        if (error instanceof TokenError) return null
        throw error
      }
    },
  }
}

/** HS256 with a shared secret. Throws a ConfigError for one under 32 bytes. */
export function secretKey(secret: string): VerifyKey {
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES)
    throw new ConfigError(`JWT_SECRET must be at least ${MIN_SECRET_BYTES} bytes`)
  return createKey('HS256', secret)
}

/** RS256 for an RSA key of 2048 bits or more, ES256 for a P-256 key, null for every other. */
function algorithmOf(key: KeyObject): Algorithm | null {
  const details = key.asymmetricKeyDetails
  if (key.asymmetricKeyType === 'rsa') return (details?.modulusLength ?? 0) >= MIN_RSA_BITS ? 'RS256' : null
  return key.asymmetricKeyType === 'ec' && details?.namedCurve === 'prime256v1' ? 'ES256' : null
}

/** A key that checks with a public key, or null when its type is not supported. */
export function publicKey(key: KeyObject): VerifyKey | null {
  const alg = algorithmOf(key)
  return alg === null ? null : createKey(alg, key.export({ type: 'spki', format: 'pem' }) as string)
}

/** The key in a PEM text. Throws a ConfigError when it is none, or none that is supported. */
export function pemKey(pem: string): VerifyKey {
  let parsed: KeyObject
  try {
    parsed = createPublicKey(pem)
  } catch (cause) {
    throw new ConfigError('JWT_PUBLIC_KEY is not a readable public key in PEM form', { cause })
  }
  const key = publicKey(parsed)
  if (key === null)
    throw new ConfigError(
      `JWT_PUBLIC_KEY must be RSA (${MIN_RSA_BITS} bits or more) or EC P-256: other keys are not used`,
    )
  return key
}
