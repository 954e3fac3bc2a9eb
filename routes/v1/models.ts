import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { ModelList, OneModel } from '../../src/contract/views.ts'
import { Problem } from '../../src/errors.ts'

const list = {
  summary: 'Models and agents, in the shape of OpenAI’s list',
  tags: ['models'],
  response: { 200: ModelList },
}

const one = {
  summary: 'One model, agent or `auto`, as it stands in the list',
  tags: ['models'],
  params: z.object({ model: z.string().describe('An id of GET /v1/models') }),
  response: { 200: OneModel },
}

export default async function models(app: FastifyInstance): Promise<void> {
  const { service } = app
  const config = { scope: 'workflows:read', openAiErrors: true } as const
  app.get('/models', { schema: list, config }, () => service.listModels())
  app.get<{ Params: { model: string } }>(
    '/models/:model',
    { schema: one, config: { ...config, problems: ['not_found'] } },
    async ({ params }) => {
      const found = service.listModels().data.find(({ id }) => id === params.model)
      if (found !== undefined) return found
      throw new Problem('not_found', 'There is no such model. GET /v1/models lists them.', {
        errors: [{ field: 'model', message: 'is not one of GET /v1/models' }],
      })
    },
  )
}
