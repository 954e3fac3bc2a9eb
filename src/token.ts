import { createSigner } from 'fast-jwt'

export interface TokenClaims {
  subject: string
  tenant?: string
  /** @default every scope that a user of workflows needs */
  scopes?: readonly string[]
  issuer?: string | null
  audience?: string | null
  expiresInS: number
}

const USER_SCOPES = ['workflows:execute', 'workflows:read', 'runs:read']

/** A bearer token signed with HS256, for development, the demo and the command line. */
export function signToken(secret: string, claims: TokenClaims): string {
  const { subject, tenant = 'default', scopes = USER_SCOPES, issuer, audience, expiresInS } = claims
  const iat = Math.floor(Date.now() / 1000)
  return createSigner({ key: secret, algorithm: 'HS256' })({
    sub: subject,
    tenant,
    scope: scopes.join(' '),
    iat,
    exp: iat + expiresInS,
    ...(issuer && { iss: issuer }),
    ...(audience && { aud: audience }),
  })
}
