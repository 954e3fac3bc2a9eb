import rateLimit from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../errors.ts'
import { type SharedCounts, storeOver } from './rate-limit/store.ts'

export interface RateLimitOptions {
  /** Requests per caller and window. */
  max: number
  windowMs: number
  /** Counts of all replicas together. @default each process counts for itself */
  shared?: SharedCounts | null
}

/** A newline stands in no tenant and no subject, so no two callers share a key. */
const callerKey = ({ caller }: FastifyRequest): string => `${caller.tenant}\n${caller.subject}`

/**
 * Limits requests per tenant and subject in any window of this length, wherever it begins, and says so in `ratelimit-*` headers; public routes are not counted. Its hook
 * is one of the route, so it runs after authentication whatever the order of registration. Provides `createRateLimit`,
 * which auth counts failures with: register this first, then auth, then routes.
 */
export default fp<RateLimitOptions>(
  async (app, { max, windowMs, shared = null }) => {
    app.addHook('onRoute', (route) => {
      if (route.config?.public === true) route.config = { ...route.config, rateLimit: false }
    })
    await app.register(rateLimit, {
      max,
      timeWindow: windowMs,
      store: storeOver(shared),
      enableDraftSpec: true,
      keyGenerator: callerKey,
      errorResponseBuilder: (_request, { ttl }) =>
        new Problem('rate_limited', `More than ${max} requests in ${windowMs / 1000} s. Try again later.`, {
          retryAfterS: ttl / 1000,
        }),
    })
  },
  { name: 'rate-limit', fastify: '5.x', dependencies: ['problem'] },
)
