import type { FastifyInstance } from 'fastify'
import { Readiness } from '../../src/contract/views.ts'

const schema = {
  summary: 'Whether work is accepted',
  tags: ['operation'],
  response: { 200: Readiness, 503: Readiness },
}

export default async function ready(app: FastifyInstance): Promise<void> {
  app.get('/ready', { schema, config: { public: true } }, async (_, reply) => {
    const readiness = await app.service.readiness()
    return reply.code(readiness.status === 'ready' ? 200 : 503).send(readiness)
  })
}
