import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import fp from 'fastify-plugin'
import { Problem } from '../errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** True from the moment at which the service begins to stop. */
    stopping: boolean
    /**
     * Refuses new work, lets runs end for the grace time, then closes; logs its beginning, with the signal that asked for
     * it, and its end. Calls after the first wait for the same end.
     */
    stop: (signal?: string) => Promise<void>
  }
}

/** For what was ended to be answered and recorded, in milliseconds. */
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
    const drain = async (signal: string | undefined): Promise<void> => {
      app.stopping = true
      const began = performance.now()
      const in_flight = open.size
      app.log.info({ signal, in_flight, grace_ms: graceMs }, 'stopping')
      await untilIdle(graceMs)
      const cut = open.size
      // What is still at work ends now: its caller is answered with what there is, its permits are freed, it is recorded.
      app.service.stopRuns()
      await untilIdle(CUT_MS)
      // Whoever takes no answer either is cut off.
      app.server.closeAllConnections()
      await untilIdle(CUT_MS)
      await turnOfTheLoop()
      await app.close()
      app.log.info({ ended: in_flight - cut, cut, ms: Math.round(performance.now() - began) }, 'stopped')
    }

    app.decorate('stopping', false)
    app.decorate('stop', (signal?: string) => {
      stopped ??= drain(signal)
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
