import type { FastifyInstance } from 'fastify'
import { ExecuteRequest, RunQuery } from '../../../src/contract/execute.ts'
import { ExecuteResponse } from '../../../src/contract/result.ts'
import { RunAccepted } from '../../../src/contract/runs.ts'
import { RUN_PROBLEMS, runAndAnswer } from './answer.ts'
import { STREAMED } from './stream.ts'
import { SUBMISSION_HEADERS } from './submission.ts'

const schema = {
  summary: 'Run a workflow, or tasks of your own, and get one document with the facts of its making',
  description:
    'With `Accept: text/event-stream` the same run comes as events; the last, `run.finished`, holds the response.',
  tags: ['workflows'],
  querystring: RunQuery,
  body: ExecuteRequest,
  headers: SUBMISSION_HEADERS,
  response: { 200: ExecuteResponse, 202: RunAccepted },
}

export default async function execute(app: FastifyInstance): Promise<void> {
  app.post<{ Body: ExecuteRequest }>(
    '/execute',
    {
      schema,
      sse: STREAMED,
      config: { scope: 'workflows:execute', problems: [...RUN_PROBLEMS, 'no_model', 'models_away'] },
    },
    (request, reply) => runAndAnswer(app.service, request.body, request, reply),
  )
}
