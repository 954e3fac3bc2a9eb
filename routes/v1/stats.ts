import type { FastifyInstance } from 'fastify'
import { Stats } from '../../src/contract/stats.ts'

const schema = {
  summary: 'What your tenant’s tasks came to, by type and model, what is left of its budgets, and what it keeps',
  tags: ['tasks'],
  response: { 200: Stats },
}

export default async function stats(app: FastifyInstance): Promise<void> {
  app.get('/stats', { schema, config: { scope: 'workflows:read' } }, ({ caller: { tenant, subject }, id }) =>
    app.service.stats({ tenant, subject, request_id: id }),
  )
}
