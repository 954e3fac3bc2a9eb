import type { FastifyInstance } from 'fastify'
import { RunParams, RunView } from '../../../src/contract/runs.ts'

const schema = {
  summary: 'One run, whatever its status',
  tags: ['runs'],
  params: RunParams,
  response: { 200: RunView },
}

export default async function one(app: FastifyInstance): Promise<void> {
  app.get<{ Params: RunParams }>(
    '/:run_id',
    { schema, config: { scope: 'runs:read', audit: 'run.read', problems: ['not_found'] } },
    ({ caller, params }) => app.service.runs.view(caller.tenant, params.run_id),
  )
}
