import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'

const MAX_ADDRESSES = 10_000

export interface AddressGuardOptions {
  /** Failed authentications that an address has per window. */
  limit: number
  windowMs: number
  /** Milliseconds; only differences count. */
  now: () => number
}

export interface AddressGuard {
  /** Seconds for which the request's address is shut out; 0 when it is not. */
  shutForS: (request: FastifyRequest) => number
  /** Counts a failure. Resolves to the seconds of `shutForS` when it was one too many, else 0. */
  failed: (request: FastifyRequest) => Promise<number>
}

/** An IPv6 address stands for its /64: whoever has one has all of it. */
const addressOf = (request: FastifyRequest): string => rateLimit.normalizeIP(request.ip)

/**
 * Counts failed authentications per address with @fastify/rate-limit; successes cost it nothing. Addresses that have
 * used theirs up stand in a bounded map, looked at before the token is.
 */
export function createAddressGuard(app: FastifyInstance, options: AddressGuardOptions): AddressGuard {
  const { limit, windowMs, now } = options
  const count = app.createRateLimit({
    max: limit,
    timeWindow: windowMs,
    keyGenerator: addressOf,
  })
  const shut = new Map<string, number>()

  const secondsLeft = (address: string): number => {
    const until = shut.get(address)
    if (until === undefined) return 0
    const left = until - now()
    if (left <= 0) shut.delete(address)
    return Math.max(0, Math.ceil(left / 1000))
  }

  return {
    // Normalising an IPv6 address costs more than the token: not while nobody is shut out.
    shutForS: (request) => (shut.size === 0 ? 0 : secondsLeft(addressOf(request))),
    failed: async (request) => {
      const counted = await count(request)
      if (counted.isAllowed || counted.remaining > 0) return 0
      if (shut.size >= MAX_ADDRESSES) shut.delete(shut.keys().next().value as string)
      shut.set(counted.key, now() + counted.ttl)
      return counted.isExceeded ? Math.max(1, counted.ttlInSeconds) : 0
    },
  }
}
