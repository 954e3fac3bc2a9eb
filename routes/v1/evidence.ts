import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { EvidenceInput, EvidenceKept } from '../../src/contract/evidence.ts'

const Params = z.strictObject({ document_id: z.uuid() })

const add = {
  summary: 'Add a document that answers may rest on and cite',
  tags: ['evidence'],
  body: EvidenceInput,
  response: { 201: EvidenceKept },
}
const remove = { summary: 'Take a document away', tags: ['evidence'], params: Params, response: { 204: z.null() } }

export default async function evidence(app: FastifyInstance): Promise<void> {
  app.post<{ Body: EvidenceInput }>(
    '/evidence',
    { schema: add, config: { scope: 'workflows:execute', problems: ['not_ready'] } },
    async ({ body, caller: { tenant, subject }, id }, reply) =>
      reply.code(201).send(await app.service.addEvidence({ tenant, subject, request_id: id }, body)),
  )
  app.delete<{ Params: z.output<typeof Params> }>(
    '/evidence/:document_id',
    { schema: remove, config: { scope: 'workflows:execute', problems: ['not_found', 'not_ready'] } },
    async ({ params, caller: { tenant, subject }, id }, reply) => {
      await app.service.removeEvidence({ tenant, subject, request_id: id }, params.document_id)
      return reply.code(204).send(null)
    },
  )
}
