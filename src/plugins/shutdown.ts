import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** True from the moment at which the service begins to stop. */
    stopping: boolean
    /** Refuses new work, lets runs end for the grace time, then closes. Calls after the first wait for the same end. */
    stop: () => Promise<void>
  }
}

/** Stops without cutting off what can still end in time. */
export default fp<{ graceMs: number }>(
  async (app, { graceMs }) => {
    const open = new Set<string>()
    let idle: (() => void) | null = null
    let stopped: Promise<void> | null = null

    const drain = async (): Promise<void> => {
      app.stopping = true
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, graceMs)
      idle = resolve
      if (open.size === 0) resolve()
      await promise
      clearTimeout(timer)
      // What is still open is cut now; its run sees the disconnect and frees its permits.
      app.server.closeAllConnections()
      await app.close()
    }

    app.decorate('stopping', false)
    app.decorate('stop', () => {
      stopped ??= drain()
      return stopped
    })
    app.addHook('onRequest', (request, _reply, done) => {
      if (request.is404 || request.routeOptions.config.public === true) return done()
      if (app.stopping) return done(new Problem('not_ready', 'The service is shutting down.', { retryAfterS: 5 }))
      open.add(request.id)
      done()
    })
    const ended = (request: FastifyRequest): void => {
      if (open.delete(request.id) && open.size === 0) idle?.()
    }
    app.addHook('onResponse', (request, _reply, done) => {
      ended(request)
      done()
    })
    app.addHook('onRequestAbort', (request, done) => {
      ended(request)
      done()
    })
  },
  { name: 'shutdown', fastify: '5.x', dependencies: ['auth'] },
)
