import type { FastifyInstance } from 'fastify'
import { WorkflowTypes } from '../../../src/contract/views.ts'

const schema = {
  summary: 'What workflows there are and what each needs',
  tags: ['workflows'],
  response: { 200: WorkflowTypes },
}

export default async function types(app: FastifyInstance): Promise<void> {
  app.get('/types', { schema, config: { scope: 'workflows:read' } }, () => app.service.describeWorkflows())
}
