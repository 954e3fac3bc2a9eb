import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { DocumentList, DocumentsQuery, DocumentText, EvidenceInput, EvidenceKept } from '../../src/contract/evidence.ts'
import { submissionOf } from './workflows/answer.ts'

const Params = z.strictObject({ document_id: z.uuid() })
type Params = z.output<typeof Params>

const tags = ['evidence']
const add = {
  summary: 'Add a document that answers may rest on and cite',
  tags,
  body: EvidenceInput,
  response: { 201: EvidenceKept },
}
const list = {
  summary: 'The documents of your tenant, without their text',
  tags,
  querystring: DocumentsQuery,
  response: { 200: DocumentList },
}
const read = { summary: 'One document with its text', tags, params: Params, response: { 200: DocumentText } }
const remove = { summary: 'Take a document away', tags, params: Params, response: { 204: z.null() } }

const scope = 'workflows:execute'

export default async function evidence(app: FastifyInstance): Promise<void> {
  app.post<{ Body: EvidenceInput }>(
    '/evidence',
    { schema: add, config: { scope, problems: ['not_ready', 'no_model'] } },
    async (request, reply) => {
      const { caller, cancel } = submissionOf(request, reply)
      return reply.code(201).send(await app.service.addEvidence(caller, request.body, cancel))
    },
  )
  app.get<{ Querystring: DocumentsQuery }>(
    '/evidence',
    { schema: list, config: { scope, audit: 'evidence.list', problems: ['not_ready'] } },
    ({ caller, query }) => app.service.documents.list(caller.tenant, 'evidence', query),
  )
  app.get<{ Params: Params }>(
    '/evidence/:document_id',
    { schema: read, config: { scope, audit: 'evidence.read', problems: ['not_found', 'not_ready'] } },
    ({ caller, params }) => app.service.documents.read(caller.tenant, 'evidence', params.document_id),
  )
  app.delete<{ Params: Params }>(
    '/evidence/:document_id',
    { schema: remove, config: { scope, problems: ['not_found', 'not_ready'] } },
    async ({ params, caller: { tenant, subject }, id }, reply) => {
      await app.service.documents.remove({ tenant, subject, request_id: id }, 'evidence', params.document_id)
      return reply.code(204).send(null)
    },
  )
}
