import type { FastifyInstance } from 'fastify'
import { EmbeddingsAnswer, EmbeddingsRequest } from '../../src/contract/embeddings.ts'
import { submissionOf } from './workflows/answer.ts'

const schema = {
  summary: 'Vectors of texts, in OpenAI’s shape',
  tags: ['openai'],
  body: EmbeddingsRequest,
  response: { 200: EmbeddingsAnswer },
}

export default async function embeddings(app: FastifyInstance): Promise<void> {
  app.post<{ Body: EmbeddingsRequest }>(
    '/embeddings',
    {
      schema,
      config: {
        scope: 'workflows:execute',
        audit: 'embeddings.create',
        problems: ['not_found', 'run_failed', 'no_model', 'egress_refused', 'budget_exceeded'],
        openAiErrors: true,
      },
    },
    (request, reply) => {
      const { caller, cancel } = submissionOf(request, reply)
      return app.service.embed(caller, request.body, cancel)
    },
  )
}
