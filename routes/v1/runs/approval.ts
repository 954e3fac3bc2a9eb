import type { FastifyInstance } from 'fastify'
import { ApprovalDecision } from '../../../src/contract/approval.ts'
import { ApprovalView, RunParams } from '../../../src/contract/runs.ts'

const schema = {
  summary: 'Approve, edit or reject a text that waits for a human',
  tags: ['runs'],
  params: RunParams,
  body: ApprovalDecision,
  response: { 200: ApprovalView },
}

export default async function approval(app: FastifyInstance): Promise<void> {
  app.post<{ Params: RunParams; Body: ApprovalDecision }>(
    '/:run_id/approval',
    { schema, config: { scope: 'runs:approve', problems: ['not_found', 'conflict', 'forbidden'] } },
    ({ caller, params, body, id }) => {
      const { tenant, subject } = caller
      return app.service.runs.decide({ tenant, subject, request_id: id }, params.run_id, body)
    },
  )
}
