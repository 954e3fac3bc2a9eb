import type { FastifyInstance } from 'fastify'
import { RunList, RunsQuery } from '../../../src/contract/runs.ts'

const schema = {
  summary: 'The runs of your tenant, the newest first',
  tags: ['runs'],
  querystring: RunsQuery,
  response: { 200: RunList },
}

export default async function list(app: FastifyInstance): Promise<void> {
  app.get<{ Querystring: RunsQuery }>(
    '/',
    { schema, config: { scope: 'runs:read', audit: 'run.list' }, prefixTrailingSlash: 'no-slash' },
    ({ caller, query }) => app.service.runs.list(caller.tenant, query),
  )
}
