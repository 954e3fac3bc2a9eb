import { EnvSchema } from '../config.ts'
import { isTenant } from '../contract/tenant.ts'
import { signToken } from '../token.ts'
import { UsageError } from './errors.ts'

export interface TokenOptions {
  subject: string
  tenant: string
  /** Space-separated; null: what a user of workflows needs. */
  scope: string | null
  expires_ms: number
}

const SCOPES = ['workflows:execute', 'workflows:read', 'runs:read', 'runs:approve', 'admin']

const Signing = EnvSchema.pick({ JWT_SECRET: true, JWT_ISSUER: true, JWT_AUDIENCE: true })

function parseScopes(scope: string): string[] {
  const scopes = scope.split(/\s+/).filter(Boolean)
  const unknown = scopes.find((name) => !SCOPES.includes(name))
  if (unknown !== undefined || scopes.length === 0)
    throw new UsageError(`--scope must be one or more of ${SCOPES.join(', ')}, separated by spaces`)
  return scopes
}

/**
 * A bearer token for a service with the same JWT_SECRET (and issuer and audience, where set). Throws a UsageError when
 * there is no secret, or none that the service would accept.
 */
export function makeToken(options: TokenOptions, env: Readonly<Record<string, string | undefined>>): string {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = Signing.safeParse(given)
  if (!parsed.success)
    throw new UsageError(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'))
  const { JWT_SECRET: secret, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = parsed.data
  if (secret === undefined)
    throw new UsageError('JWT_SECRET is not set. Set it to the secret of the service (32 bytes or more).')
  if (!isTenant(options.tenant))
    throw new UsageError('--tenant must be 1 to 64 of A-Z a-z 0-9 . _ - and start with a letter or digit')
  if (options.subject === '') throw new UsageError('--sub must name somebody')
  if (options.expires_ms < 1000) throw new UsageError('--expires must be at least 1s')
  return signToken(secret, {
    subject: options.subject,
    tenant: options.tenant,
    ...(options.scope !== null && { scopes: parseScopes(options.scope) }),
    issuer: issuer ?? null,
    audience: audience ?? null,
    expiresInS: Math.floor(options.expires_ms / 1000),
  })
}
