import type { FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.ts'
import { safeError } from '../contract/safe-error.ts'
import { Problem } from '../errors.ts'
import { createAddressGuard } from './auth/address-guard.ts'
import { createAuthenticate } from './auth/authenticate.ts'
import { bearerToken } from './auth/bearer.ts'
import type { Caller, Scope } from './auth/caller.ts'

const CALLER = Symbol('caller')

declare module 'fastify' {
  interface FastifyRequest {
    [CALLER]: Caller | null
    /** Who sends the request. Reading it on a public route throws: nobody was asked for there. */
    readonly caller: Caller
    /** Whom the token names, also when it does not let them in; null where there was no good one. */
    readonly authenticated: Caller | null
  }
  interface FastifyContextConfig {
    /** The scope that a caller needs. Each route has either this or `public`. */
    scope?: Scope
    /** Open to everybody, without token and rate limit. */
    public?: boolean
  }
}

export interface AuthOptions {
  auth: Config['auth']
  /** Failed authentications per address and window, and the window in milliseconds. */
  failures: { limit: number; windowMs: number }
  /** Milliseconds since 1970. @default Date.now */
  now?: () => number
}

/** One answer for every reason: a difference would tell what to try next. */
const unauthorized = () =>
  new Problem('unauthorized', 'Send one Authorization header with a valid token: Authorization: Bearer <token>.')

const shutOut = (retryAfterS: number) =>
  new Problem('rate_limited', 'Too many failed authentications from this address. Try again later.', { retryAfterS })

/** Throws unless the route says who may use it, so that none is open by accident. */
function requirePolicy({ method, url, config }: RouteOptions): void {
  const isPublic = config?.public === true
  if (isPublic === (config?.scope !== undefined))
    throw new Error(`Route ${method} ${url} must have either config.scope or config.public: true, and not both`)
}

function readCaller(this: FastifyRequest): Caller {
  const caller = this[CALLER]
  if (caller === null) throw new Error('request.caller was read where nobody has been authenticated')
  return caller
}

/**
 * Lets a request pass when its address has not failed too often (429 otherwise), its token is good (401) and the token
 * grants the route's scope (403), in this order.
 */
export default fp<AuthOptions>(
  async (app, { auth, failures, now = Date.now }) => {
    const onFailure = (error: unknown) => app.log.error({ failure: safeError(error) }, 'the JWKS endpoint failed')
    const authenticate = createAuthenticate({ auth, now, onFailure })
    const guard = createAddressGuard(app, { ...failures, now })

    const admit = async (request: FastifyRequest, caller: Caller | null): Promise<void> => {
      if (caller !== null) return letIn(request, caller)
      const waitS = await guard.failed(request)
      throw waitS > 0 ? shutOut(waitS) : unauthorized()
    }

    app.decorateRequest(CALLER, null)
    app.decorateRequest('caller', { getter: readCaller })
    app.decorateRequest('authenticated', {
      getter() {
        return this[CALLER]
      },
    })
    app.addHook('onRoute', requirePolicy)
    app.addHook('onRequest', (request, _reply, done) => {
      if (request.is404 || request.routeOptions.config.public === true) return done()
      const waitS = guard.shutForS(request)
      if (waitS > 0) return done(shutOut(waitS))
      const token = bearerToken(request.raw.rawHeaders)
      const found = token === null ? null : authenticate(token)
      if (found !== null && !(found instanceof Promise)) {
        letIn(request, found)
        return done()
      }
      Promise.resolve(found)
        .then((caller) => admit(request, caller))
        .then(() => done(), done)
    })
  },
  { name: 'auth', fastify: '5.x', dependencies: ['@fastify/rate-limit', 'problem'] },
)

function letIn(request: FastifyRequest, caller: Caller): void {
  const { scope } = request.routeOptions.config
  // Before the refusal: whose token did not suffice is noted.
  request[CALLER] = caller
  if (scope === undefined || !caller.scopes.has(scope))
    throw new Problem('forbidden', `This needs a token with the scope ${scope}.`)
}
