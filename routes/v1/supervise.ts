import type { FastifyInstance } from 'fastify'
import { SuperviseRequest, SuperviseResponse, ToolList } from '../../src/contract/supervise.ts'
import { Problem } from '../../src/errors.ts'
import { submissionOf } from './workflows/answer.ts'

const schema = {
  summary:
    'Give a task to the orchestrator model, turn by turn, or to the router; get the answer and how it came about',
  description:
    'Every turn and every tool is a run of one task, so lanes, retries, budgets, journal and audit hold as for every run. Without an orchestrator model, or when it cannot go on, the router chooses and `metadata.fallback_reason` says why.',
  tags: ['routing'],
  body: SuperviseRequest,
  response: { 200: SuperviseResponse },
}

const tools = {
  summary: 'The tools that the orchestrator model may choose from',
  tags: ['routing'],
  response: { 200: ToolList },
}

export default async function supervise(app: FastifyInstance): Promise<void> {
  const { service } = app
  app.post<{ Body: SuperviseRequest }>(
    '/supervise',
    {
      schema,
      config: { scope: 'workflows:execute', problems: ['run_failed', 'run_timeout', 'no_model', 'models_away'] },
    },
    (request, reply) => {
      const { caller, cancel, respond_async, idempotency_key } = submissionOf(request, reply)
      if (respond_async || idempotency_key !== null)
        throw new Problem('invalid_request', 'A supervised task is answered at once, and is not kept as a whole.', {
          errors: [
            {
              field: respond_async ? 'Prefer' : 'Idempotency-Key',
              message: 'goes with POST /v1/workflows/execute; leave it out here',
            },
          ],
        })
      return service.supervise(request.body, { caller, cancel })
    },
  )
  app.get('/supervise/tools', { schema: tools, config: { scope: 'workflows:read' } }, () => service.describeTools())
}
