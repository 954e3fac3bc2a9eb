import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyRequest {
    /** On the clock of performance.now(). */
    receivedAt: number
    /** Whether its end has been counted. */
    recorded: boolean
  }
}

export interface RequestRecordOptions {
  /** Takes every answered request: method, route pattern, status, seconds. */
  record: (method: string, route: string, status: number, seconds: number) => void
}

/** The pattern, never the address: an address may hold anything that a caller typed. */
const routeOf = (request: FastifyRequest): string => request.routeOptions.url ?? '(none)'

/** nginx's word for a caller that left before its answer; no HTTP status says it. */
const CALLER_LEFT = 499

/** These have a line of their own, as runs. */
const RUNS = new Set(['run_failed', 'run_timeout'])

/** Counts every answer, and writes one line for each request that is refused or left; runs have their own beside it. */
export default fp<RequestRecordOptions>(
  async (app, { record }) => {
    app.decorateRequest('receivedAt', 0)
    app.decorateRequest('recorded', false)
    const end = (request: FastifyRequest, status: number, code: string | null): void => {
      if (request.recorded) return
      request.recorded = true
      const ms = performance.now() - request.receivedAt
      const route = routeOf(request)
      record(request.method, route, status, ms / 1000)
      if (code !== null && !RUNS.has(code))
        request.log.info(
          { method: request.method, route, status, code, ms: Math.round(ms * 1000) / 1000 },
          'request refused',
        )
    }
    app.addHook('onResponse', (request, reply, done) => {
      end(request, reply.statusCode, reply.problemCode)
      done()
    })
    app.addHook('onRequest', (request, reply, done) => {
      request.receivedAt = performance.now()
      // Not onRequestAbort: it does not run for a caller that leaves once its whole request is there.
      reply.raw.once('close', () => {
        if (!reply.raw.writableFinished) end(request, CALLER_LEFT, 'caller_left')
      })
      done()
    })
  },
  { name: 'request-record', fastify: '5.x', dependencies: ['problem'] },
)
