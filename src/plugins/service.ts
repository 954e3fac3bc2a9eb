import fp from 'fastify-plugin'
import type { Service } from '../contract/service.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** All that routes know of the floors below. */
    service: Service
  }
}

/** Hands the service to the routes. */
export default fp<{ service: Service }>(
  async (app, { service }) => {
    app.decorate('service', service)
  },
  { name: 'service', fastify: '5.x' },
)
