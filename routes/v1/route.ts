import type { FastifyInstance } from 'fastify'
import { RoutingDecision } from '../../src/contract/routing.ts'
import { RouteRequest } from '../../src/contract/tasks.ts'

const schema = {
  summary: 'Which model a task would go to, and why; no model is asked',
  description:
    'A preview. Where POST /v1/tasks would ask a small model for the kind of the task first, its choice may be another one; `reasoning` says so.',
  tags: ['tasks'],
  body: RouteRequest,
  response: { 200: RoutingDecision },
}

export default async function route(app: FastifyInstance): Promise<void> {
  app.post<{ Body: RouteRequest }>(
    '/route',
    { schema, config: { scope: 'workflows:read', problems: ['no_model', 'models_away'] } },
    ({ body, caller: { tenant, subject }, id }) => app.service.route(body, { tenant, subject, request_id: id }),
  )
}
