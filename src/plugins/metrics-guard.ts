import { createHash, timingSafeEqual } from 'node:crypto'
import type { onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** For the route of the metrics: asks for `METRICS_TOKEN` when there is one. */
    guardMetrics: onRequestHookHandler
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Opens the metrics to everybody, or to whoever has the token. */
export default fp<{ token: string | null }>(
  async (app, { token }) => {
    const expected = token === null ? null : digest(`Bearer ${token}`)
    app.decorate('guardMetrics', (request, _reply, done) => {
      const given = digest(request.headers.authorization ?? '')
      if (expected === null || timingSafeEqual(given, expected)) return done()
      done(new Problem('unauthorized', 'Send the metrics token: Authorization: Bearer <METRICS_TOKEN>.'))
    })
  },
  { name: 'metrics-guard', fastify: '5.x' },
)
