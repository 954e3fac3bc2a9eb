import type { FastifyInstance } from 'fastify'
import { ServiceHealth } from '../../src/contract/health.ts'

const schema = {
  summary: 'The true state of every model server, the store, Redis and the memory',
  tags: ['operation'],
  response: { 200: ServiceHealth },
}

export default async function health(app: FastifyInstance): Promise<void> {
  app.get('/health', { schema, config: { scope: 'workflows:read' } }, () => app.service.health())
}
