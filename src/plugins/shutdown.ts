import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
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

/** For what was cut to be noticed by its run and recorded, in milliseconds. */
const CUT_MS = 1000

/** Stops without cutting off what can still end in time. */
export default fp<{ graceMs: number }>(
  async (app, { graceMs }) => {
    const open = new Set<string>()
    let idle: () => void = () => undefined
    let stopped: Promise<void> | null = null

    const untilIdle = async (ms: number): Promise<void> => {
      if (open.size === 0) return
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, ms)
      idle = resolve
      await promise
      clearTimeout(timer)
    }
    const drain = async (): Promise<void> => {
      app.stopping = true
      await untilIdle(graceMs)
      // What is still open is cut now; its run sees the disconnect, frees its permits and is recorded one turn later.
      app.server.closeAllConnections()
      await untilIdle(CUT_MS)
      await turnOfTheLoop()
      await app.close()
    }

    app.decorate('stopping', false)
    app.decorate('stop', () => {
      stopped ??= drain()
      return stopped
    })
    app.addHook('onRequest', (request, reply, done) => {
      if (request.is404 || request.routeOptions.config.public === true) return done()
      if (app.stopping) return done(new Problem('not_ready', 'The service is shutting down.', { retryAfterS: 5 }))
      open.add(request.id)
      // Not onResponse and onRequestAbort: neither runs for a caller that leaves once its whole request is there.
      reply.raw.once('close', () => {
        open.delete(request.id)
        if (open.size === 0) idle()
      })
      done()
    })
  },
  { name: 'shutdown', fastify: '5.x', dependencies: ['auth'] },
)
