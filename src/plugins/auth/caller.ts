import { isTenant } from '../../contract/tenant.ts'

/** Every scope that a token can grant. */
export const SCOPES = ['workflows:execute', 'workflows:read', 'runs:read', 'runs:approve', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** Who sends a request, as the token proves it. */
export interface Caller {
  readonly tenant: string
  readonly subject: string
  /** As granted; may hold scopes of other services. */
  readonly scopes: ReadonlySet<string>
}

export interface ClaimRules {
  /** Null: not configured, any issuer will do. */
  issuer: string | null
  audience: string | null
  /** Seconds since 1970. */
  nowS: number
}

/** Seconds that the clocks of issuer and service may differ. */
export const CLOCK_SKEW_S = 30
/** A token that lives longer is a mistake of its issuer: ten years. */
export const MAX_LIFETIME_S = 315_576_000
const MAX_SUBJECT = 256

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0

const isSubject = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length > 0 &&
  value.length <= MAX_SUBJECT &&
  value.isWellFormed() &&
  // It becomes part of keys and records, one per line.
  !/\p{Cc}/u.test(value)

const isFor = (claim: unknown, audience: string): boolean =>
  Array.isArray(claim)
    ? claim.every((item) => typeof item === 'string') && claim.includes(audience)
    : claim === audience

function isInTime(claims: Record<string, unknown>, nowS: number): boolean {
  const { exp, iat, nbf } = claims
  if (!isTime(exp) || !isTime(iat)) return false
  if (exp <= iat || exp - iat > MAX_LIFETIME_S) return false
  if (nowS >= exp + CLOCK_SKEW_S || nowS < iat - CLOCK_SKEW_S) return false
  return nbf === undefined || (isTime(nbf) && nowS >= nbf - CLOCK_SKEW_S)
}

/**
 * What the claims of a token with a good signature say, or null when they do not admit anybody.
 * `exp`, `iat` and `sub` are required; `iss` (a string) and `aud` (a string or a list) when configured.
 * @returns the caller and the second from which the token counts no more
 */
export function readCaller(claims: unknown, rules: ClaimRules): { caller: Caller; untilS: number } | null {
  if (typeof claims !== 'object' || claims === null) return null
  const { sub, iss, aud, exp, tenant = 'default', scope = '' } = claims as Record<string, unknown>
  if (!isInTime(claims as Record<string, unknown>, rules.nowS)) return null
  if (rules.issuer !== null && iss !== rules.issuer) return null
  if (rules.audience !== null && !isFor(aud, rules.audience)) return null
  if (!isSubject(sub) || typeof tenant !== 'string' || !isTenant(tenant) || typeof scope !== 'string') return null
  const scopes = new Set(scope.split(' ').filter(Boolean))
  return { caller: Object.freeze({ tenant, subject: sub, scopes }), untilS: (exp as number) + CLOCK_SKEW_S }
}
