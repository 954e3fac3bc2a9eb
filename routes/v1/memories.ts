import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import {
  DocumentList,
  DocumentsQuery,
  DocumentsRemoved,
  DocumentText,
  MemoriesOf,
} from '../../src/contract/evidence.ts'
import { Problem } from '../../src/errors.ts'

const Params = z.strictObject({ document_id: z.uuid() })
type Params = z.output<typeof Params>
const ClearQuery = z.strictObject({ of: MemoriesOf.describe('caller: what you left; tenant: all, needs `admin` too') })
type ClearQuery = z.output<typeof ClearQuery>

const tags = ['memories']
const list = {
  summary: 'What tasks of your tenant have left (`store_memory`), without the text',
  tags,
  querystring: DocumentsQuery,
  response: { 200: DocumentList },
}
const read = { summary: 'One memory with its text', tags, params: Params, response: { 200: DocumentText } }
const remove = { summary: 'Forget one memory', tags, params: Params, response: { 204: z.null() } }
const clear = {
  summary: 'Forget all that you have left, or all of the tenant',
  tags,
  querystring: ClearQuery,
  response: { 200: DocumentsRemoved },
}

const scope = 'workflows:execute'

export default async function memories(app: FastifyInstance): Promise<void> {
  app.get<{ Querystring: DocumentsQuery }>(
    '/memories',
    { schema: list, config: { scope, audit: 'memory.list', problems: ['not_ready'] } },
    ({ caller, query }) => app.service.documents.list(caller.tenant, 'memory', query),
  )
  app.get<{ Params: Params }>(
    '/memories/:document_id',
    { schema: read, config: { scope, audit: 'memory.read', problems: ['not_found', 'not_ready'] } },
    ({ caller, params }) => app.service.documents.read(caller.tenant, 'memory', params.document_id),
  )
  app.delete<{ Params: Params }>(
    '/memories/:document_id',
    { schema: remove, config: { scope, problems: ['not_found', 'not_ready'] } },
    async ({ params, caller: { tenant, subject }, id }, reply) => {
      await app.service.documents.remove({ tenant, subject, request_id: id }, 'memory', params.document_id)
      return reply.code(204).send(null)
    },
  )
  app.delete<{ Querystring: ClearQuery }>(
    '/memories',
    { schema: clear, config: { scope, problems: ['forbidden', 'not_ready'] } },
    async ({ query: { of }, caller: { tenant, subject, scopes }, id }) => {
      if (of === 'tenant' && !scopes.has('admin'))
        throw new Problem('forbidden', 'To forget what others left needs a token with the scope admin.')
      return app.service.documents.clearMemories({ tenant, subject, request_id: id }, of)
    },
  )
}
