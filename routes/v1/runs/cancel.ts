import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { RunAccepted, RunParams } from '../../../src/contract/runs.ts'

const schema = {
  summary: 'Cancel a run; one that has ended stays as it is',
  tags: ['runs'],
  params: RunParams,
  body: z.strictObject({}).nullish().describe('Nothing, or an empty object'),
  response: { 202: RunAccepted },
}

export default async function cancel(app: FastifyInstance): Promise<void> {
  app.post<{ Params: RunParams }>(
    '/:run_id/cancel',
    { schema, config: { scope: 'workflows:execute', problems: ['not_found'] } },
    async ({ caller, params, id }, reply) => {
      const { tenant, subject } = caller
      const cancelled = await app.service.runs.cancel({ tenant, subject, request_id: id }, params.run_id)
      return reply.code(202).send(cancelled)
    },
  )
}
