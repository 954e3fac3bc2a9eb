import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyRequest {
    /** On the clock of performance.now(). */
    receivedAt: number
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

/** Counts every answer, and writes one line for each request that is refused, fails or is left. */
export default fp<RequestRecordOptions>(
  async (app, { record }) => {
    app.decorateRequest('receivedAt', 0)
    const end = (request: FastifyRequest, status: number, code: string | null, ms: number): void => {
      const route = routeOf(request)
      record(request.method, route, status, ms / 1000)
      if (status >= 400 && !RUNS.has(code ?? ''))
        request.log.info({ method: request.method, route, status, code, ms }, 'request refused')
    }
    app.addHook('onResponse', (request, reply, done) => {
      end(request, reply.statusCode, reply.problemCode, performance.now() - request.receivedAt)
      done()
    })
    app.addHook('onRequest', (request, _reply, done) => {
      request.receivedAt = performance.now()
      done()
    })
    app.addHook('onRequestAbort', (request, done) => {
      end(request, CALLER_LEFT, 'caller_left', performance.now() - request.receivedAt)
      done()
    })
  },
  { name: 'request-record', fastify: '5.x', dependencies: ['problem'] },
)
