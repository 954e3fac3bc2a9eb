import type { FastifyInstance } from 'fastify'
import { ModelList } from '../../src/contract/views.ts'

const schema = {
  summary: 'Models and agents, in the shape of OpenAI’s list',
  tags: ['models'],
  response: { 200: ModelList },
}

export default async function models(app: FastifyInstance): Promise<void> {
  app.get('/models', { schema, config: { scope: 'workflows:read' } }, () => app.service.listModels())
}
