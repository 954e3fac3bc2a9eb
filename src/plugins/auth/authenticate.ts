import { hash } from 'node:crypto'
import type { Config } from '../../config.ts'
import { ConfigError } from '../../errors.ts'
import { type Caller, readCaller } from './caller.ts'
import { fetchJwks } from './fetch-jwks.ts'
import { Jwks } from './jwks.ts'
import { pemKey, readHeader, secretKey, type VerifyKey } from './key.ts'
import { Remembered } from './remembered.ts'

/** Tokens remembered at most; the least recently used goes first. */
export const MAX_REMEMBERED = 1000
/** A remembered token is checked anew after this, so that a withdrawn key ends it. Milliseconds. */
export const REMEMBER_MS = 60_000

/** The caller that a token proves, or null. Asynchronous only when keys come from a JWKS endpoint. */
export type Authenticate = (token: string) => Caller | null | Promise<Caller | null>

export interface AuthenticateOptions {
  auth: Config['auth']
  /** Milliseconds since 1970. */
  now: () => number
  /** Told when the JWKS endpoint fails. */
  onFailure: (error: unknown) => void
}

type FindKey = (token: string) => VerifyKey | null | Promise<VerifyKey | null>

function keySource({ auth, now, onFailure }: AuthenticateOptions): FindKey {
  const fixed = auth.secret !== null ? secretKey(auth.secret) : auth.publicKey !== null ? pemKey(auth.publicKey) : null
  if (fixed !== null) return () => fixed
  if (auth.jwksUrl === null) throw new ConfigError('Set one of JWT_SECRET, JWT_PUBLIC_KEY and JWT_JWKS_URL')
  const jwks = new Jwks({ fetchKeys: fetchJwks(auth.jwksUrl), now, onFailure })
  return (token) => {
    const kid = readHeader(token)?.kid
    return typeof kid === 'string' ? jwks.find(kid) : null
  }
}

/**
 * Checks tokens by the configured key. Good tokens are remembered by their SHA-256 (never the token itself), at most
 * MAX_REMEMBERED and never past their expiry; bad ones leave nothing behind. Throws a ConfigError for a bad key.
 */
export function createAuthenticate(
  options: AuthenticateOptions,
  remembered = new Remembered(MAX_REMEMBERED),
): Authenticate {
  const { auth, now } = options
  const findKey = keySource(options)
  const judge = (key: VerifyKey | null, token: string, digest: string): Caller | null => {
    const claims = key === null ? null : key.claimsOf(token)
    const at = now()
    const read = readCaller(claims, { issuer: auth.issuer, audience: auth.audience, nowS: at / 1000 })
    if (read === null) return null
    remembered.keep(digest, read.caller, Math.min(read.untilS * 1000, at + REMEMBER_MS))
    return read.caller
  }

  return (token) => {
    const digest = hash('sha256', token, 'base64')
    const known = remembered.recall(digest, now())
    if (known !== null) return known
    const key = findKey(token)
    return key instanceof Promise ? key.then((found) => judge(found, token, digest)) : judge(key, token, digest)
  }
}
