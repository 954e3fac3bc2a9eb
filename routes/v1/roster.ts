import type { FastifyInstance } from 'fastify'
import { RosterView } from '../../src/contract/roster.ts'

const schema = {
  summary: 'Which model sits on which GPU, and how busy each is now',
  tags: ['models'],
  response: { 200: RosterView },
}

export default async function roster(app: FastifyInstance): Promise<void> {
  app.get('/roster', { schema, config: { scope: 'workflows:read' } }, () => app.service.viewRoster())
}
