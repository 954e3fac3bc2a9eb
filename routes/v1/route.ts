import type { FastifyInstance } from 'fastify'
import { RoutingDecision } from '../../src/contract/routing.ts'
import { RouteRequest } from '../../src/contract/tasks.ts'

const schema = {
  summary: 'Which model a task would go to, and why; no model is asked',
  tags: ['tasks'],
  body: RouteRequest,
  response: { 200: RoutingDecision },
}

export default async function route(app: FastifyInstance): Promise<void> {
  app.post<{ Body: RouteRequest }>(
    '/route',
    { schema, config: { scope: 'workflows:read', problems: ['no_model'] } },
    ({ body }) => app.service.route(body),
  )
}
